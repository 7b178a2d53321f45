"""Changing a pending order: its products, quantities and prices, and its details."""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from apps.orders.charges import replace_charges, set_charges_total
from apps.orders.exceptions import IllegalTransition, InvalidOrder, SeveralLines
from apps.orders.fulfilment.delivering import is_delivered
from apps.orders.fulfilment.goods import open_units, status_of
from apps.orders.lines import change_lines
from apps.orders.locking import lock_order, refuse_other_version
from apps.orders.models import Order, OrderLine
from apps.orders.placing.pricing import total_with
from apps.orders.placing.requests import LineRequest, OrderChange
from apps.orders.placing.rules import MAX_HOLD_SECONDS
from apps.orders.placing.statements import write_events
from apps.orders.transitions import move_order
from monoservices.database.engines import engine
from monoservices.services.scopes import COMMAND_LINE


@transaction.atomic
def change_order(
    *,
    order_id: int,
    change: OrderChange,
    actor: str,
    version: int | None = None,
    may_set_prices: bool = True,
    at: datetime | None = None,
) -> Order:
    """Change a pending order and return it. Stock moves by the difference.

    A product that stays keeps the price that it was ordered at. The number of statements does not
    depend on the number of lines.
    version: the version that the caller has seen; an order at another version is not changed.
    may_set_prices: whether the caller may have more units at a price other than the product's, and
        lower the sum of the charges.
    at: the moment it happened, which a hold is counted from; now where it is None.
    Raises OrderNotFound, VersionConflict, IllegalTransition, SeveralLines, and what placing raises.
    """
    order = lock_order(order_id)
    refuse_other_version(order, version)
    if order.status != Order.Status.PENDING:
        raise IllegalTransition(f"An order that is {order.status} cannot be changed.")
    if change == OrderChange():
        return order
    if change.hold_seconds is not None and not order.is_held:
        raise IllegalTransition("The order is firm; only the hold of a held order can change.")
    order.version += 1
    changed = {*change.details} | ({"hold_seconds"} if change.hold_seconds is not None else set())
    data: dict[str, Any] = {"fields": sorted(changed)}
    for name, value in change.details.items():
        setattr(order, name, value)
    requested = _requested_lines(order, change)
    of_lines, was = order.total - (order.charges_total or 0), order.status
    if change.charges is not None:
        set_charges_total(order, change.charges, may_set_prices=may_set_prices)
    if requested is None:
        order.total = total_with(
            of_lines,
            charged=order.charges_total,
            expected=change.expected_total,
            credited=order.credited,
        )
    else:
        data |= change_lines(order, requested, change.expected_total, actor, may_set_prices)
        if any(line.quantity > open_units(line) for line in order.lines.all()):
            _set_status(order)
    if change.charges is not None:
        data |= replace_charges(order, change.charges)
    order.updated_at = at or engine().now()  # after the locks of products
    if change.hold_seconds is not None:
        order.held_until = _held_until(order, change.hold_seconds)
        data |= {"held_until": order.held_until.isoformat()}
    order.save()
    versions, step, at = {order.pk: order.version}, (was, order.status), order.updated_at
    write_events({order.pk: actor}, "changed", versions=versions, step=step, at=at, data=data)
    return Order.objects.with_lines().get(pk=order.pk)


@transaction.atomic
def update_order(
    *,
    order_id: int,
    quantity: int | None = None,
    status: str | None = None,
    product_id: int | None = None,
    actor: str = COMMAND_LINE,
) -> Order:
    """Change product or quantity of an order's one line, then its status; None leaves it unchanged.

    Raises what `change_order` and `move_order` raise.
    """
    if quantity is not None or product_id is not None:
        change = OrderChange(product_id=product_id, quantity=quantity)
        change_order(order_id=order_id, change=change, actor=actor)
    if status is None:
        return lock_order(order_id)
    return move_order(order_id=order_id, status=status, actor=actor)


def _requested_lines(order: Order, change: OrderChange) -> tuple[LineRequest, ...] | None:
    """The lines that the order is to have, or None where they do not change."""
    if change.lines is not None:
        return change.lines
    if change.product_id is None and change.quantity is None:
        return None
    lines = order.lines.all()
    if len(lines) != 1:
        raise SeveralLines
    return (
        LineRequest(
            path="",
            product_id=lines[0].product_id if change.product_id is None else change.product_id,
            quantity=lines[0].quantity if change.quantity is None else change.quantity,
        ),
    )


def _set_status(order: Order) -> None:
    """Set the status that its new lines give an order; nothing may be open any more.

    Raises InvalidOrder where everything that is left is canceled.
    """
    lines = OrderLine.objects.filter(order=order)
    status = status_of(lines, is_delivered=lambda: is_delivered(order))
    if status == Order.Status.CANCELED:
        message = "Nothing would be left of the order; cancel it instead."
        raise InvalidOrder(errors={"quantity": [message]})
    order.status = status
    order.partly_shipped = order.partly_shipped and status == Order.Status.PENDING


def _held_until(order: Order, seconds: int) -> datetime:
    """When a hold of `seconds` from now on ends. Raises InvalidOrder."""
    held_until = order.updated_at + timedelta(seconds=seconds)
    latest = order.created_at + timedelta(seconds=MAX_HOLD_SECONDS)
    if held_until > latest:
        message = f"The order can be held until {latest.isoformat(timespec='seconds')}."
        raise InvalidOrder(errors={"hold_seconds": [message]})
    return held_until
