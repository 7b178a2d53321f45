"""Moving orders along their status: pending → shipped → delivered, and pending → canceled."""

from collections import Counter
from collections.abc import Iterable, Mapping

from django.db import transaction
from django.utils import timezone

from apps.orders.exceptions import (
    IllegalTransition,
    OrderNotFound,
    OutOfStock,
    StockFull,
    VersionConflict,
)
from apps.orders.microservice_communication import read_products, take_stock
from apps.orders.models import Order, OrderLine
from apps.orders.placing.pricing import ProductBook
from apps.orders.placing.statements import stock_moves, write_events
from monoservices.api.problems import Errors
from monoservices.api.types import MAX_INTEGER

Status = Order.Status

LEGAL = {
    Status.PENDING: (Status.SHIPPED, Status.CANCELED),
    Status.SHIPPED: (Status.DELIVERED,),
    Status.DELIVERED: (),
    Status.CANCELED: (),
}


def ship_order(*, order_id: int, actor: str, version: int | None = None) -> Order:
    """pending → shipped; see `move_order`."""
    return move_order(order_id=order_id, status=Status.SHIPPED, actor=actor, version=version)


def deliver_order(*, order_id: int, actor: str, version: int | None = None) -> Order:
    """shipped → delivered; see `move_order`."""
    return move_order(order_id=order_id, status=Status.DELIVERED, actor=actor, version=version)


def cancel_order(*, order_id: int, actor: str, version: int | None = None) -> Order:
    """pending → canceled, which puts the stock back, once; see `move_order`."""
    return move_order(order_id=order_id, status=Status.CANCELED, actor=actor, version=version)


@transaction.atomic
def move_order(*, order_id: int, status: str, actor: str, version: int | None = None) -> Order:
    """Move an order to `status` and return it. An order that is there already stays unchanged.

    version: the version that the caller has seen; an order that is at another one is not moved.
    Raises OrderNotFound, VersionConflict, IllegalTransition.
    """
    order = lock_order(order_id)
    before = order.status
    if before == status:
        return order
    refuse_other_version(order, version)
    if status not in LEGAL[Status(before)]:
        raise IllegalTransition(f"An order that is {before} cannot become {status}.")
    now = timezone.now()
    order.status, order.version, order.updated_at = status, order.version + 1, now
    order.save(update_fields=["status", "version", "updated_at"])
    write_events({order.pk: actor}, status, statuses=(before, status), at=now)
    if status == Status.CANCELED:
        deltas = units_by_product(order.lines.all())
        book = ProductBook(read_products(ids=deltas.keys(), lock="wait"))
        move_stock_of(order, book, deltas, actor=actor)
    return order


def lock_order(order_id: int) -> Order:
    """The order with its lines, locked until the transaction ends. Raises OrderNotFound."""
    order = Order.objects.with_lines().select_for_update(no_key=True).filter(pk=order_id).first()
    if order is None:
        raise OrderNotFound
    return order


def refuse_other_version(order: Order, version: int | None) -> None:
    """Raise VersionConflict where the order is not at the version that the caller has seen."""
    if version not in (None, order.version):
        raise VersionConflict(f"The order is at version {order.version} by now.")


def units_by_product(lines: Iterable[OrderLine]) -> Counter[int]:
    """How many of each product the lines have, by its id."""
    total: Counter[int] = Counter()
    for line in lines:
        total[line.product_id] += line.quantity
    return total


def move_stock_of(
    order: Order,
    book: ProductBook,
    deltas: Mapping[int, int],
    *,
    actor: str,
    paths: Mapping[int, str] | None = None,
) -> None:
    """Move stock for the order at its version: units by product id, negative for sold.

    book: the products, locked. paths: the request's field for each product, for errors.
    Raises OutOfStock, StockFull.
    """
    paths = paths or {}
    short: Errors = {}
    for product_id, delta in deltas.items():
        left = book.left[product_id]
        if left + delta < 0:
            short[paths[product_id]] = [f"There are {left} in stock."]
        if left + delta > MAX_INTEGER:
            raise StockFull
    if short:
        raise OutOfStock(errors=short)
    moves = stock_moves(order.pk, deltas, revision=order.version, actor=actor)
    if moves:
        take_stock(moves=moves)
