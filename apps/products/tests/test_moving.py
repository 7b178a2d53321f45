"""Moving the stock of many products at once."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from apps.products.models import Product, StockMovement
from apps.products.operations import (
    StockMove,
    count_stock,
    create_product,
    move_stock,
    update_product,
)
from monoservices.api.types import MAX_INTEGER

pytestmark = pytest.mark.django_db


def product(*, price: str = "5.00", stock: int = 10) -> Product:
    return create_product(name="Blue Mug", price=price, stock_quantity=stock)


def move(product_id: int, delta: int, *, order: int = 1, revision: int = 1) -> StockMove:
    return StockMove(
        product_id=product_id,
        delta=delta,
        committed_delta=-delta,
        reason="sold" if delta < 0 else "released",
        reference=f"order:{order}",
        revision=revision,
        actor="client:1",
    )


def ship(product_id: int, units: int, *, order: int) -> StockMove:
    return StockMove(
        product_id=product_id,
        delta=0,
        committed_delta=-units,
        reason="shipped",
        reference=f"order:{order}",
        revision=2,
        actor="client:1",
    )


def stock() -> list[int]:
    """Of every product, in the order of their ids."""
    return list(Product.objects.order_by("pk").values_list("stock_quantity", flat=True))


def moved() -> list[tuple[int, int, int]]:
    """(product id, delta, quantity after) of what `move_stock` wrote, in its order."""
    rows = StockMovement.objects.exclude(reference="").order_by("pk")
    return list(rows.values_list("product_id", "delta", "quantity_after"))


def assert_refused(error: type[Exception], moves: list[StockMove], **options: object) -> None:
    """Moving raises the error, and nothing has changed."""
    before = (stock(), moved())
    with pytest.raises(error), transaction.atomic():
        move_stock(moves=moves, **options)  # type: ignore[arg-type]
    assert (stock(), moved()) == before


def test_each_movement_says_what_it_led_to() -> None:
    mug, pen = product(stock=10), product(stock=20)
    before = mug.updated_at
    move_stock(
        moves=[
            move(mug.pk, -3, order=1),
            move(pen.pk, -5, order=1),
            move(mug.pk, -4, order=2),
            move(mug.pk, 2, order=3),
            move(pen.pk, -15, order=3),
        ]
    )
    assert stock() == [5, 0]
    assert moved() == [
        (mug.pk, -3, 7),
        (pen.pk, -5, 15),
        (mug.pk, -4, 3),
        (mug.pk, 2, 5),
        (pen.pk, -15, 0),
    ]
    mug.refresh_from_db()
    assert mug.updated_at > before
    assert set(
        StockMovement.objects.filter(reason="sold").values_list("created_at", flat=True)
    ) == {mug.updated_at}


def test_a_movement_says_what_it_is_for() -> None:
    mug = product()
    move_stock(moves=[move(mug.pk, -1, order=17, revision=3)])
    sold = StockMovement.objects.get(reason="sold")
    assert (sold.reference, sold.revision, sold.actor) == ("order:17", 3, "client:1")
    assert (sold.note, sold.idempotency_key) == ("", None)


def test_a_movement_at_an_earlier_moment() -> None:
    at = datetime(2020, 2, 29, 12, tzinfo=UTC)
    mug = product()
    move_stock(moves=[move(mug.pk, -1)], at=at)
    assert StockMovement.objects.get(reason="sold").created_at == at
    mug.refresh_from_db()
    assert mug.updated_at == at


def test_stock_that_comes_back_can_go_out_again_at_once() -> None:
    """A sale leaves no less than nothing where it stands in the row, and the last one here does."""
    mug = product(stock=3)
    move_stock(moves=[move(mug.pk, -3, order=1)])
    move_stock(moves=[move(mug.pk, 3, order=1, revision=2), move(mug.pk, -3, order=2)])
    assert stock() == [0]
    again = [move(mug.pk, -3, order=3), move(mug.pk, 3, order=2, revision=2)]
    assert_refused(IntegrityError, again)


def test_both_quantities_move() -> None:
    mug, pen = product(stock=10), product(stock=20)
    move_stock(
        moves=[
            move(mug.pk, -3, order=1),
            move(pen.pk, -5, order=1),
            move(mug.pk, -4, order=2),
            move(mug.pk, 3, order=1, revision=2),
            ship(mug.pk, 4, order=2),
            ship(pen.pk, 2, order=1),
        ]
    )
    quantities = Product.objects.order_by("pk").values_list("stock_quantity", "committed_quantity")
    assert list(quantities) == [(6, 0), (15, 3)]
    ledger = StockMovement.objects.exclude(reference="").order_by("pk")
    columns = ("delta", "quantity_after", "committed_delta", "committed_after")
    assert list(ledger.values_list(*columns)) == [
        (-3, 7, 3, 3),
        (-5, 15, 5, 5),
        (-4, 3, 4, 7),
        (3, 6, -3, 4),
        (0, 6, -4, 0),
        (0, 15, -2, 3),
    ]
    assert_refused(IntegrityError, [ship(pen.pk, 4, order=1)])


def test_where_less_than_nothing_can_be_sold_units_come_back_and_leave_but_are_not_sold() -> None:
    mug = product(stock=10)
    move_stock(moves=[move(mug.pk, -5, order=1), move(mug.pk, -5, order=2)])
    count_stock(product_id=mug.pk, counted=6, actor="x")
    assert_refused(IntegrityError, [move(mug.pk, -1, order=3)])
    move_stock(moves=[ship(mug.pk, 5, order=1), move(mug.pk, 1, order=2, revision=2)])
    assert stock() == [-3]
    assert_refused(IntegrityError, [ship(mug.pk, 4, order=2)])  # one lies there


def test_stock_never_leaves_its_bounds() -> None:
    mug, pen = product(stock=10), product(stock=MAX_INTEGER)
    assert_refused(IntegrityError, [move(mug.pk, -11)])
    assert_refused(IntegrityError, [move(mug.pk, -6, order=1), move(mug.pk, -5, order=2)])
    # Beyond its type on PostgreSQL, beyond its CHECK on SQLite.
    assert_refused(DatabaseError, [move(mug.pk, -1), move(pen.pk, 1)])


def test_a_movement_is_made_once() -> None:
    mug = product()
    move_stock(moves=[move(mug.pk, -1)])
    assert_refused(IntegrityError, [move(mug.pk, -1)])
    assert_refused(IntegrityError, [move(mug.pk, -2)])
    move_stock(moves=[move(mug.pk, -1, revision=2), move(mug.pk, 1), move(mug.pk, -1, order=2)])
    assert stock() == [8]


def test_prices_as_they_were_read() -> None:
    mug, pen = product(price="5.00"), product(price="0.00")
    moves = [move(mug.pk, -1), move(pen.pk, -1)]
    move_stock(moves=moves, prices={mug.pk: Decimal("5.00"), pen.pk: Decimal("0.00")})
    assert stock() == [9, 9]


@pytest.mark.parametrize("price", ["5.01", "4.99", "0.00", "99999999.99"])
def test_another_price_than_was_read_refuses_all(price: str) -> None:
    mug, pen = product(price="5.00"), product(price="1.00")
    read = {mug.pk: Decimal(price), pen.pk: Decimal("1.00")}
    assert_refused(IntegrityError, [move(mug.pk, -1), move(pen.pk, -1)], prices=read)


@pytest.mark.parametrize("price", ["0.00", "0.10", "0.29", "1.10", "99999999.99"])
def test_every_price_is_compared_exactly(price: str) -> None:
    """SQLite keeps prices as binary floating-point numbers."""
    mug = product(price=price)
    move_stock(moves=[move(mug.pk, -1)], prices={mug.pk: Decimal(price)})
    assert stock() == [9]
    off = Decimal(price) - Decimal("0.01")
    assert_refused(IntegrityError, [move(mug.pk, -1, order=2)], prices={mug.pk: off})


def test_an_archived_product_refuses_all_where_prices_are_given() -> None:
    mug, pen = product(), product()
    update_product(product_id=mug.pk, is_active=False)
    moves = [move(mug.pk, -1), move(pen.pk, -1)]
    read = {mug.pk: Decimal("5.00"), pen.pk: Decimal("5.00")}
    assert_refused(IntegrityError, moves, prices=read)
    move_stock(moves=moves)
    assert stock() == [9, 9]


def test_a_product_that_does_not_exist_refuses_all() -> None:
    mug = product()
    assert_refused(IntegrityError, [move(mug.pk, -1), move(7_777, -1)])
