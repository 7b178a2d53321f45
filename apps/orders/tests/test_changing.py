"""Changing a pending order."""

from decimal import Decimal
from typing import Any

import pytest

from apps.orders.exceptions import (
    IllegalTransition,
    InvalidOrder,
    OrderNotFound,
    OrdersError,
    OutOfStock,
    PriceChanged,
    PriceNotAllowed,
    ProductUnavailable,
    SeveralLines,
    UnknownProduct,
    VersionConflict,
)
from apps.orders.microservice_communication import ProductSnapshot
from apps.orders.models import Order
from apps.orders.operations import (
    OrderChange,
    cancel_order,
    change_order,
    move_order,
    update_order,
)
from apps.orders.placing.requests import LineRequest
from apps.orders.tests.factories import line, make_order
from apps.orders.tests.product_rows import (
    committed,
    count_stock,
    in_stock,
    make_product,
    set_product,
)
from tests.books import assert_books_balance

pytestmark = pytest.mark.django_db


@pytest.fixture
def mug() -> ProductSnapshot:
    return make_product(name="Mug", price="5.00", stock=10)


@pytest.fixture
def pen() -> ProductSnapshot:
    return make_product(name="Pen", price="1.00", stock=10)


def change(
    order: Order, *, version: int | None = None, may_set_prices: bool = True, **fields: Any
) -> Order:
    return change_order(
        order_id=order.pk,
        change=OrderChange(**fields),
        actor="y",
        version=version,
        may_set_prices=may_set_prices,
    )


def parts(order: Order) -> list[tuple[int, str, int]]:
    """(product id, unit price, quantity) of each line."""
    rows = order.lines.order_by("pk").values_list("product_id", "unit_price", "quantity")
    return [(product_id, str(price), quantity) for product_id, price, quantity in rows]


def everything(order: Order) -> list[Any]:
    """All that a refused change must leave as it was."""
    row = Order.objects.filter(pk=order.pk).values().get()
    return [row, list(order.lines.values()), list(order.events.values())]


@pytest.mark.parametrize(("quantity", "left"), [(1, 9), (2, 8), (9, 1), (10, 0)])
def test_a_quantity_moves_stock_by_the_difference(
    mug: ProductSnapshot, quantity: int, left: int
) -> None:
    order = make_order(line(mug.id, 2))
    changed = change(order, quantity=quantity)
    assert (changed.total, changed.version) == (Decimal(5 * quantity), 2)
    assert parts(order) == [(mug.id, "5.00", quantity)]
    assert in_stock(mug) == left
    assert_books_balance()


def test_another_product_moves_the_stock_of_both(
    mug: ProductSnapshot, pen: ProductSnapshot
) -> None:
    order = make_order(line(mug.id, 2))
    change(order, product_id=pen.id)
    assert parts(order) == [(pen.id, "1.00", 2)]
    assert (in_stock(mug), in_stock(pen)) == (10, 8)
    change(order, product_id=mug.id, quantity=3)
    assert parts(order) == [(mug.id, "5.00", 3)]
    assert (in_stock(mug), in_stock(pen)) == (7, 10)
    assert_books_balance()


def test_lines_that_stay_keep_price_name_and_sku(
    mug: ProductSnapshot, pen: ProductSnapshot
) -> None:
    order = make_order(line(mug.id, 2))
    set_product(mug, price="7.00", name="Cup", sku="NEW")
    set_product(pen, price="1.50", name="Pencil")
    changed = change(order, lines=(line(mug.id, 3), line(pen.id, 1)))
    assert parts(order) == [(mug.id, "5.00", 3), (pen.id, "1.50", 1)]
    assert changed.total == Decimal("16.50")
    names = order.lines.order_by("pk").values_list("product_name", "sku")
    assert list(names) == [("Mug", mug.sku), ("Pencil", pen.sku)]
    assert (in_stock(mug), in_stock(pen)) == (7, 9)
    assert_books_balance()


def test_a_product_that_comes_back_comes_at_its_new_price(
    mug: ProductSnapshot, pen: ProductSnapshot
) -> None:
    order = make_order(line(mug.id, 2))
    set_product(mug, price="7.00")
    change(order, product_id=pen.id)
    change(order, product_id=mug.id)
    assert parts(order) == [(mug.id, "7.00", 2)]


def test_a_price_can_be_set_anew(mug: ProductSnapshot) -> None:
    order = make_order(line(mug.id, 2))
    change(order, lines=(line(mug.id, 2, unit_price=Decimal("4.00")),))
    assert parts(order) == [(mug.id, "4.00", 2)]
    assert in_stock(mug) == 8
    change(order, lines=(line(mug.id, 1), line(mug.id, 1, unit_price=Decimal("0.00"))))
    assert parts(order) == [(mug.id, "4.00", 1), (mug.id, "0.00", 1)]
    assert in_stock(mug) == 8
    assert_books_balance()


def test_lines_are_found_by_sku_and_merged(mug: ProductSnapshot) -> None:
    order = make_order(line(mug.id, 2))
    change(order, lines=(line(None, 1, sku=mug.sku), line(mug.id, 3)))
    assert parts(order) == [(mug.id, "5.00", 4)]


def test_all_of_the_stock_and_what_the_order_has_can_be_had(mug: ProductSnapshot) -> None:
    order = make_order(line(mug.id, 10))
    change(order, lines=(line(mug.id, 4), line(mug.id, 6, unit_price=Decimal("1.00"))))
    assert in_stock(mug) == 0
    assert_books_balance()


def test_details_change_alone(mug: ProductSnapshot) -> None:
    order = make_order(line(mug.id, 2), reference="R-1", customer_email="a@example.com")
    details = {"reference": "", "metadata": {"gift": True}}
    changed = change(order, details=details)
    assert (changed.reference, changed.customer_email) == ("", "a@example.com")
    assert (changed.metadata, changed.shipping_address) == ({"gift": True}, {})
    assert (changed.version, changed.total) == (2, Decimal("10.00"))
    assert in_stock(mug) == 8
    assert_books_balance()


def test_the_event_tells_what_changed_and_nothing_personal(
    mug: ProductSnapshot, pen: ProductSnapshot
) -> None:
    order = make_order(line(mug.id, 2))
    change(order, product_id=pen.id, quantity=1, details={"customer_email": "a@example.com"})
    event = order.events.latest("pk")
    assert (event.type, event.from_status, event.to_status) == ("changed", "pending", "pending")
    assert event.actor == "y"
    assert event.data == {
        "fields": ["customer_email"],
        "lines_before": [{"product_id": mug.id, "unit_price": "5.00", "quantity": 2}],
        "lines_after": [{"product_id": pen.id, "unit_price": "1.00", "quantity": 1}],
    }


def test_a_change_of_nothing_is_none(mug: ProductSnapshot) -> None:
    order = make_order(line(mug.id, 2))
    before = everything(order)
    assert change(order).version == 1
    assert everything(order) == before


def test_the_version_that_was_seen(mug: ProductSnapshot) -> None:
    order = make_order(line(mug.id, 2))
    assert change(order, version=1, quantity=3).version == 2
    before = everything(order)
    with pytest.raises(VersionConflict):
        change(order, version=1, quantity=4)
    assert everything(order) == before
    assert in_stock(mug) == 7


def test_the_total_that_was_expected(mug: ProductSnapshot) -> None:
    order = make_order(line(mug.id, 2))
    assert change(order, quantity=3, expected_total=Decimal("15.00")).total == 15
    before = everything(order)
    with pytest.raises(PriceChanged) as refusal:
        change(order, quantity=4, expected_total=Decimal("15.00"))
    assert refusal.value.errors == {"expected_total": ["The order costs 20.00."]}
    with pytest.raises(PriceChanged):  # before it says that there is not as much, as placing does
        change(order, quantity=1_000_000, expected_total=Decimal("15.00"))
    with pytest.raises(PriceChanged):
        change(order, details={"reference": "R-1"}, expected_total=Decimal("14.99"))
    assert everything(order) == before
    assert in_stock(mug) == 7


@pytest.mark.parametrize(
    ("fields", "error", "errors"),
    [
        ({"quantity": 11}, OutOfStock, {"quantity": ["There are 8 in stock."]}),
        ({"product_id": 2**62}, UnknownProduct, {"product_id": ["There is no such product."]}),
        (
            {"quantity": 0},
            InvalidOrder,
            {"quantity": ["Expected 1 to 1000000 of one product."]},
        ),
        (
            {"lines": (line(None, 1, sku="NONE", path="lines.0"),)},
            UnknownProduct,
            {"lines.0.sku": ["There is no such product."]},
        ),
    ],
)
def test_a_refused_change_changes_nothing(
    mug: ProductSnapshot, fields: dict[str, Any], error: type[OrdersError], errors: dict[str, Any]
) -> None:
    order = make_order(line(mug.id, 2))
    before = everything(order)
    with pytest.raises(error) as refusal:
        change(order, details={"reference": "R-2"}, **fields)
    assert refusal.value.errors == errors
    assert everything(order) == before
    assert in_stock(mug) == 8
    assert_books_balance()


def test_a_total_beyond_the_column(mug: ProductSnapshot) -> None:
    order = make_order(line(mug.id, 2))
    dear = line(mug.id, 1_000_000, unit_price=Decimal("99999999.99"))
    with pytest.raises(InvalidOrder):
        change(order, lines=(dear,))
    assert parts(order) == [(mug.id, "5.00", 2)]


def test_what_an_archived_product_may_still_do(mug: ProductSnapshot, pen: ProductSnapshot) -> None:
    order = make_order(line(mug.id, 5), line(pen.id, 1))
    set_product(mug, is_active=False)
    change(order, lines=(line(mug.id, 3), line(pen.id, 1)))
    assert in_stock(mug) == 7
    change(order, lines=(line(mug.id, 3), line(pen.id, 2)))
    assert parts(order) == [(mug.id, "5.00", 3), (pen.id, "1.00", 2)]
    split: tuple[LineRequest, ...] = (
        line(mug.id, 3, path="lines.0"),
        line(mug.id, 1, path="lines.1", unit_price=Decimal("1.00")),
    )
    with pytest.raises(ProductUnavailable) as refusal:
        change(order, lines=split)
    message = [f"{mug.sku} is no longer sold."]
    assert refusal.value.errors == {"lines.0.product_id": message, "lines.1.product_id": message}
    change(order, lines=(line(pen.id, 2),))
    with pytest.raises(ProductUnavailable):
        change(order, lines=(line(mug.id, 1),))
    assert parts(order) == [(pen.id, "1.00", 2)]
    assert (in_stock(mug), in_stock(pen)) == (10, 8)
    assert_books_balance()


def test_the_difference_moves_both_quantities(mug: ProductSnapshot, pen: ProductSnapshot) -> None:
    order = make_order(line(mug.id, 2))
    change(order, lines=(line(mug.id, 5), line(pen.id, 1)))
    assert (in_stock(mug), committed(mug), in_stock(pen), committed(pen)) == (5, 5, 9, 1)
    change(order, lines=(line(mug.id, 1),))
    assert (in_stock(mug), committed(mug), in_stock(pen), committed(pen)) == (9, 1, 10, 0)
    assert_books_balance()


def test_units_are_put_back_where_less_than_nothing_can_be_sold(mug: ProductSnapshot) -> None:
    """A count has found fewer than are promised. Who orders less helps; nobody gets more."""
    order = make_order(line(mug.id, 5))
    count_stock(mug, -3)
    with pytest.raises(OutOfStock) as refusal:
        change(order, quantity=6)
    assert refusal.value.errors == {"quantity": ["There are 0 in stock."]}
    change(order, quantity=4)
    assert (in_stock(mug), committed(mug)) == (-2, 4)
    assert_books_balance()


def test_an_order_of_several_lines_is_changed_by_its_lines(
    mug: ProductSnapshot, pen: ProductSnapshot
) -> None:
    order = make_order(line(mug.id, 2), line(pen.id, 1))
    before = everything(order)
    several: tuple[dict[str, Any], ...] = ({"quantity": 1}, {"product_id": mug.id})
    for fields in several:
        with pytest.raises(SeveralLines):
            change(order, **fields)
    assert everything(order) == before


@pytest.mark.parametrize("way", [["shipped"], ["shipped", "delivered"], ["canceled"]])
def test_only_a_pending_order_is_changed(mug: ProductSnapshot, way: list[str]) -> None:
    order = make_order(line(mug.id, 2))
    for status in way:
        move_order(order_id=order.pk, status=status, actor="x")
    before, left = everything(order), in_stock(mug)
    for fields in ({"quantity": 3}, {"details": {"reference": "R"}}, {}):
        with pytest.raises(IllegalTransition, match=f"An order that is {way[-1]} cannot be"):
            change(order, **fields)
    assert everything(order) == before
    assert in_stock(mug) == left


def test_an_order_that_is_not_there() -> None:
    with pytest.raises(OrderNotFound):
        change_order(order_id=2**62, change=OrderChange(quantity=1), actor="x")


def test_canceling_after_changes_puts_back_what_the_order_has(
    mug: ProductSnapshot, pen: ProductSnapshot
) -> None:
    order = make_order(line(mug.id, 2))
    for quantity in (5, 1, 7):
        change(order, quantity=quantity)
    change(order, lines=(line(mug.id, 6), line(pen.id, 4)))
    assert (in_stock(mug), in_stock(pen)) == (4, 6)
    cancel_order(order_id=order.pk, actor="x")
    assert (in_stock(mug), in_stock(pen)) == (10, 10)
    assert_books_balance()


def test_update_order_changes_product_quantity_and_status_together(
    mug: ProductSnapshot, pen: ProductSnapshot
) -> None:
    order = make_order(line(mug.id, 2))
    updated = update_order(order_id=order.pk, quantity=3, status="shipped", product_id=pen.id)
    assert (updated.status, updated.version, updated.total) == ("shipped", 3, Decimal("3.00"))
    assert [event.type for event in order.events.all()] == ["placed", "changed", "shipped"]
    assert (in_stock(mug), in_stock(pen)) == (10, 7)
    assert update_order(order_id=order.pk).version == 3


def test_update_order_does_all_or_nothing(mug: ProductSnapshot) -> None:
    order = make_order(line(mug.id, 2))
    before = everything(order)
    with pytest.raises(IllegalTransition):
        update_order(order_id=order.pk, quantity=3, status="delivered")
    with pytest.raises(InvalidOrder):
        update_order(order_id=order.pk, quantity=0, status="shipped")
    assert everything(order) == before
    assert in_stock(mug) == 8


# Without the right to set prices

SPECIAL = Decimal("0.01")


@pytest.fixture
def special(mug: ProductSnapshot, pen: ProductSnapshot) -> Order:
    """One mug and two pens at special prices, and three mugs at the product's."""
    return make_order(
        line(mug.id, 1, unit_price=SPECIAL),
        line(pen.id, 2, unit_price=SPECIAL),
        line(mug.id, 3),
    )


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param([("mug", 2)], id="more"),
        pytest.param([("mug-sku", 2)], id="by SKU"),
        pytest.param([("mug", 1), ("mug", 1)], id="split in two"),
        pytest.param([("mug", 1), ("mug-sku", 1)], id="split by id and SKU"),
        pytest.param([("mug", 1), ("pen", 3)], id="more of the other"),
        pytest.param([("mug", 4)], id="as many as there are at both prices"),
    ],
)
def test_more_units_at_another_price_are_refused(
    mug: ProductSnapshot, pen: ProductSnapshot, special: Order, lines: list[tuple[str, int]]
) -> None:
    products: dict[str, dict[str, Any]] = {
        "mug": {"product_id": mug.id},
        "mug-sku": {"product_id": None, "sku": mug.sku},
        "pen": {"product_id": pen.id},
    }
    requested = tuple(
        LineRequest(path=f"lines.{index}", quantity=quantity, **products[name])
        for index, (name, quantity) in enumerate(lines)
    )
    before = everything(special)
    with pytest.raises(PriceNotAllowed) as refusal:
        change(special, lines=requested, may_set_prices=False)
    wrong, price = ("lines.1", "1.00") if lines[-1] == ("pen", 3) else ("lines.0", "5.00")
    message = f"The product costs {price}. More of it at 0.01 needs the scope orders:price."
    assert refusal.value.errors == {f"{wrong}.quantity": [message]}
    assert everything(special) == before
    assert (in_stock(mug), in_stock(pen)) == (6, 8)
    change(special, lines=requested)  # who may set prices
    assert_books_balance()


def test_a_larger_quantity_at_another_price_is_refused(mug: ProductSnapshot) -> None:
    order = make_order(line(mug.id, 2, unit_price=SPECIAL))
    before = everything(order)
    more: tuple[dict[str, Any], ...] = ({"quantity": 3}, {"product_id": mug.id, "quantity": 3})
    for fields in more:
        with pytest.raises(PriceNotAllowed) as refusal:
            change(order, may_set_prices=False, **fields)
        assert refusal.value.errors.keys() == {"quantity"}
    assert everything(order) == before
    assert change(order, quantity=1, may_set_prices=False).total == SPECIAL
    with pytest.raises(PriceNotAllowed):  # what was given back is not had again
        change(order, quantity=2, may_set_prices=False)
    assert in_stock(mug) == 9


def test_what_comes_back_comes_at_the_price_of_the_product(
    mug: ProductSnapshot, pen: ProductSnapshot
) -> None:
    order = make_order(line(mug.id, 2, unit_price=SPECIAL))
    change(order, product_id=pen.id, may_set_prices=False)
    change(order, product_id=mug.id, quantity=3, may_set_prices=False)
    assert parts(order) == [(mug.id, "5.00", 3)]


def test_fewer_units_and_other_lines_are_not_refused(
    mug: ProductSnapshot, pen: ProductSnapshot, special: Order
) -> None:
    pot = make_product(name="Pot", price="20.00")
    lines = (line(mug.id, 1), line(pen.id, 1), line(pot.id, 4))
    changed = change(special, lines=lines, may_set_prices=False)
    assert parts(changed) == [(mug.id, "0.01", 1), (pen.id, "0.01", 1), (pot.id, "20.00", 4)]
    details = {"reference": "R-2"}
    assert change(special, details=details, may_set_prices=False).reference == "R-2"


def test_a_price_that_has_changed_is_another_price(mug: ProductSnapshot) -> None:
    order = make_order(line(mug.id, 2))
    set_product(mug, price="7.00")
    with pytest.raises(PriceNotAllowed):
        change(order, quantity=3, may_set_prices=False)
    assert change(order, quantity=1, may_set_prices=False).total == Decimal("5.00")
    set_product(mug, price="5.00")
    assert change(order, quantity=3, may_set_prices=False).total == Decimal("15.00")
