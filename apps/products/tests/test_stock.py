"""Changing and counting the stock of one product."""

from typing import Any

import pytest

from apps.products.exceptions import (
    MovementKeyReused,
    NothingReceived,
    OutOfStock,
    ProductNotFound,
    ProductsError,
    StockBeyondBounds,
    StockChanged,
)
from apps.products.models import Product, StockMovement
from apps.products.operations import (
    change_stock,
    count_stock,
    create_product,
)
from apps.products.tests.selling import sell
from monoservices.api.types import MAX_INTEGER

pytestmark = pytest.mark.django_db


@pytest.fixture
def mug() -> Product:
    return create_product(name="Blue Mug", price="5.00", stock_quantity=10)


def change(product: Product, delta: int, **fields: Any) -> tuple[StockMovement, bool]:
    fields = {"reason": "received", "actor": "client:1"} | fields
    return change_stock(product_id=product.pk, delta=delta, **fields)


def count(product: Product, counted: int, **fields: Any) -> tuple[StockMovement, bool]:
    return count_stock(product_id=product.pk, counted=counted, actor="client:1", **fields)


def assert_unchanged(product: Product, *, stock: int = 10, movements: int = 1) -> None:
    product.refresh_from_db()
    assert (product.stock_quantity, product.movements.count()) == (stock, movements)


@pytest.mark.parametrize(("delta", "after"), [(5, 15), (-4, 6), (-10, 0)])
def test_change_stock(mug: Product, delta: int, after: int) -> None:
    movement, replayed = change(mug, delta, reason="corrected", note="Seen.", idempotency_key="k")
    assert replayed is False
    assert movement == StockMovement.objects.first()
    assert (movement.product_id, movement.delta, movement.quantity_after) == (mug.pk, delta, after)
    assert (movement.reason, movement.note, movement.actor) == ("corrected", "Seen.", "client:1")
    assert (movement.idempotency_key, movement.reference) == ("k", "")
    assert_unchanged(mug, stock=after, movements=2)


def test_change_stock_touches_no_other_product(mug: Product) -> None:
    pen = create_product(name="Pen", price="1.00", stock_quantity=10)
    change(mug, 3)
    assert_unchanged(pen)


@pytest.mark.parametrize("reason", ["received", "returned"])
def test_only_a_correction_takes_units_away(mug: Product, reason: str) -> None:
    with pytest.raises(NothingReceived) as refusal:
        change(mug, -1, reason=reason)
    assert refusal.value.errors == {"delta": ["Only a correction takes units away."]}
    assert_unchanged(mug)


def test_change_stock_refuses_to_go_below_zero(mug: Product) -> None:
    with pytest.raises(OutOfStock) as refusal:
        change(mug, -11, reason="corrected")
    assert refusal.value.errors == {"delta": ["There are 10 on hand."]}
    assert_unchanged(mug)


def test_change_stock_stays_in_its_column(mug: Product) -> None:
    change(mug, MAX_INTEGER - 10)
    with pytest.raises(StockBeyondBounds) as refusal:
        change(mug, 1)
    assert refusal.value.errors == {"delta": ["There are 2147483647 on hand."]}
    assert_unchanged(mug, stock=MAX_INTEGER, movements=2)


@pytest.mark.parametrize(("counted", "delta"), [(12, 2), (3, -7), (0, -10), (10, 0)])
def test_count_stock(mug: Product, counted: int, delta: int) -> None:
    movement, replayed = count(mug, counted, note="In the yard.")
    assert replayed is False
    assert (movement.delta, movement.quantity_after) == (delta, counted)
    assert (movement.reason, movement.note) == ("counted", "In the yard.")
    assert_unchanged(mug, stock=counted, movements=2)


def test_count_stock_stays_in_its_column(mug: Product) -> None:
    count(mug, MAX_INTEGER)
    with pytest.raises(StockBeyondBounds):
        count(mug, MAX_INTEGER + 1)
    with pytest.raises(OutOfStock):
        count(mug, -1)
    assert_unchanged(mug, stock=MAX_INTEGER, movements=2)


def test_a_product_that_does_not_exist() -> None:
    with pytest.raises(ProductNotFound):
        change_stock(product_id=7_777, delta=1, reason="received", actor="x")
    with pytest.raises(ProductNotFound):
        count_stock(product_id=7_777, counted=1, actor="x")
    assert StockMovement.objects.count() == 0


@pytest.mark.parametrize("amount", [3, 10])
@pytest.mark.parametrize("operation", [change, count])
def test_the_same_key_moves_once(mug: Product, operation: Any, amount: int) -> None:
    first, _ = operation(mug, amount, note="n", idempotency_key="k")
    after = first.quantity_after
    change(mug, 1)  # a replay is one whatever has happened since
    for _ in range(2):
        assert operation(mug, amount, note="n", idempotency_key="k") == (first, True)
    assert_unchanged(mug, stock=after + 1, movements=3)


@pytest.mark.parametrize(
    "other",
    [
        lambda mug: change(mug, 4, note="n", idempotency_key="k"),
        lambda mug: change(mug, 3, note="m", idempotency_key="k"),
        lambda mug: change(mug, 3, note="n", reason="returned", idempotency_key="k"),
        lambda mug: count(mug, 13, note="n", idempotency_key="k"),
    ],
)
def test_the_same_key_with_another_request_is_refused(mug: Product, other: Any) -> None:
    change(mug, 3, note="n", idempotency_key="k")
    with pytest.raises(MovementKeyReused):
        other(mug)
    assert_unchanged(mug, stock=13, movements=2)


def test_a_count_s_key_with_another_request_is_refused(mug: Product) -> None:
    count(mug, 13, idempotency_key="k")
    with pytest.raises(MovementKeyReused):
        count(mug, 12, idempotency_key="k")
    with pytest.raises(MovementKeyReused):
        count(mug, 13, note="n", idempotency_key="k")
    with pytest.raises(MovementKeyReused):
        change(mug, 3, idempotency_key="k")
    assert_unchanged(mug, stock=13, movements=2)


def test_a_key_belongs_to_one_product(mug: Product) -> None:
    pen = create_product(name="Pen", price="1.00", stock_quantity=10)
    assert change(mug, 1, idempotency_key="k")[1] is False
    assert change(pen, 1, idempotency_key="k")[1] is False
    assert_unchanged(pen, stock=11, movements=2)


def test_without_a_key_every_change_counts(mug: Product) -> None:
    for _ in range(2):
        assert change(mug, 1)[1] is False
    assert_unchanged(mug, stock=12, movements=3)


def test_a_refused_change_leaves_its_key_free(mug: Product) -> None:
    with pytest.raises(ProductsError):
        change(mug, -11, reason="corrected", idempotency_key="k")
    change(mug, 1)
    assert change(mug, -11, reason="corrected", idempotency_key="k")[1] is False
    assert_unchanged(mug, stock=0, movements=3)


@pytest.mark.parametrize(
    ("counted", "delta", "to_sell", "missing"),
    [(10, 0, 6, 0), (8, -2, 4, 0), (12, 2, 8, 0), (4, -6, 0, 0), (3, -7, -1, 1), (0, -10, -4, 4)],
)
def test_a_count_is_of_the_shelf(
    mug: Product, counted: int, delta: int, to_sell: int, missing: int
) -> None:
    """Four of the ten are promised to an order, and lie there still."""
    sell(mug, 4)
    movement, _ = count(mug, counted)
    assert (movement.delta, movement.committed_delta) == (delta, 0)
    assert (movement.quantity_after, movement.committed_after) == (to_sell, 4)
    assert (movement.on_hand_before, movement.on_hand_after) == (10, counted)
    assert movement.missing == missing
    mug.refresh_from_db()
    assert (mug.stock_quantity, mug.committed_quantity, mug.on_hand) == (to_sell, 4, counted)


def test_a_correction_may_find_that_promised_units_are_not_there(mug: Product) -> None:
    sell(mug, 8)
    movement, _ = change(mug, -10, reason="corrected")
    assert (movement.quantity_after, movement.missing) == (-8, 8)
    with pytest.raises(OutOfStock) as refusal:
        change(mug, -1, reason="corrected")
    assert refusal.value.errors == {"delta": ["There are 0 on hand."]}
    movement, _ = change(mug, 9)
    assert (movement.quantity_after, movement.missing) == (1, 0)


@pytest.mark.parametrize("amount", [-3, 3])
def test_the_expected_quantity_is_that_on_hand(mug: Product, amount: int) -> None:
    sell(mug, 4)
    for expected in (9, 6, 0):
        with pytest.raises(StockChanged) as refusal:
            count(mug, 10 + amount, expected=expected)
        assert refusal.value.errors == {"expected": ["There are 10 on hand."]}
        with pytest.raises(StockChanged) as refusal:
            change(mug, amount, reason="corrected", expected=expected)
        assert refusal.value.errors == {"expected": ["There are 10 on hand."]}
    assert_unchanged(mug, stock=6, movements=2)
    assert count(mug, 10 + amount, expected=10)[0].delta == amount
    assert change(mug, amount, reason="corrected", expected=10 + amount)[0].delta == amount


@pytest.mark.parametrize("operation", [change, count])
def test_the_expected_quantity_is_part_of_what_a_key_stands_for(
    mug: Product, operation: Any
) -> None:
    first, _ = operation(mug, 3, expected=10, idempotency_key="k")
    for expected in (10, None):
        again = operation(mug, 3, expected=expected, idempotency_key="k")
        assert again == (first, True)
    with pytest.raises(MovementKeyReused):
        operation(mug, 3, expected=first.on_hand_after, idempotency_key="k")
    assert mug.movements.count() == 2


def test_a_movement_from_before_there_were_two_quantities(mug: Product) -> None:
    old = StockMovement.objects.create(
        product=mug,
        delta=-4,
        quantity_after=6,
        reason="counted",
        actor="client:1",
        idempotency_key="k",
    )
    Product.objects.update(stock_quantity=6)
    assert (old.on_hand_before, old.on_hand_after, old.missing) == (10, 6, 0)
    assert count(mug, 6, idempotency_key="k") == (old, True)
    with pytest.raises(MovementKeyReused):
        count(mug, 7, idempotency_key="k")
