"""Returns: units that were shipped come back, once, and less is due for their order."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from msgspec import Struct

from apps.orders.exceptions import CreditExceedsDue, IdempotencyKeyReused
from apps.orders.fulfilment.goods import choose, find_lines, returnable_units
from apps.orders.fulfilment.requests import ReturnRequest
from apps.orders.locking import lock_order, refuse_other_version, write_change
from apps.orders.microservice_communication import StockMove, read_products, take_stock
from apps.orders.models import Order, OrderLine, Return, ReturnLine, ReturnReason
from apps.orders.placing.rules import NOTHING
from monoservices.database.engines import engine
from monoservices.database.rows import ColumnTypes, update_rows

_RETURNED: ColumnTypes = {"id": "bigint", "returned_quantity": "integer"}


class Returned(Struct, frozen=True):
    """replayed: whether it had been written before."""

    order_return: Return
    replayed: bool


@transaction.atomic
def return_goods(
    *,
    order_id: int,
    request: ReturnRequest,
    actor: str,
    idempotency_key: str,
    version: int | None = None,
    at: datetime | None = None,
) -> Returned:
    """Take back units that were shipped, and credit them; what is to be sold again is in stock.

    The same key of the same actor returns what it wrote before.
    version: the order's that the caller has seen; an order at another version stays as it is.
    at: the moment it happened; now where it is None.
    Raises OrderNotFound, VersionConflict, UnknownLine, QuantityExceeded, CreditExceedsDue,
    IdempotencyKeyReused; then nothing is written.
    """
    order = lock_order(order_id)
    before = order.returns.filter(actor=actor, idempotency_key=idempotency_key)
    if known := before.whole().first():
        if known.fingerprint != request.fingerprint:
            raise IdempotencyKeyReused
        return Returned(known, replayed=True)
    refuse_other_version(order, version)
    lines = list(order.lines.all())
    units = choose(lines, request.lines, there=returnable_units, what="to return")
    came_back = _came_back(order, find_lines(lines, request.lines), request)
    for line in lines:
        line.returned_quantity += units.get(line.pk, 0)
    credit = sum((each.credit for each in came_back), start=NOTHING)
    order.credited += credit
    order.version += 1
    moves = _moves(order, came_back, actor)
    if moves:
        read_products(ids={move.product_id for move in moves}, lock="wait")
    at = at or engine().now()  # after all locks
    _update_lines(lines, units)
    order_return = Return(
        order=order,
        client_id=order.client_id,
        version=order.version,
        idempotency_key=idempotency_key,
        fingerprint=request.fingerprint,
        actor=actor,
        credit=credit,
        created_at=at,
    )
    order_return.save(force_insert=True)
    _write_lines(order_return, came_back)
    told = {"return_id": order_return.pk, "credit": str(credit), "lines": _told(came_back)}
    was = order.status
    write_change(order, "returned", actor=actor, at=at, was=was, changed=["credited"], data=told)
    if moves:
        take_stock(moves=moves, at=at)
    return Returned(Return.objects.whole().get(pk=order_return.pk), replayed=False)


class _CameBack(Struct):
    """Units of a line that came back; without a line, what is credited of charges."""

    line: OrderLine | None
    quantity: int
    restock: bool
    credit: Decimal
    reason: str


def _came_back(order: Order, lines: Sequence[OrderLine], request: ReturnRequest) -> list[_CameBack]:
    """What to write, with what is credited for each. Raises CreditExceedsDue.

    A line without a credit of its own gets its price, as far as the order still costs that.
    """
    left = order.total - order.credited - request.charges_credit
    left -= sum((each.credit or NOTHING for each in request.lines), start=NOTHING)
    if left < 0:
        due = order.total - order.credited
        raise CreditExceedsDue(errors=_of_credits(request, f"At most {due} can be credited."))
    came_back = []
    for line, asked in zip(lines, request.lines, strict=True):
        credit = asked.credit
        if credit is None:
            credit = min(line.unit_price * asked.quantity, left)
            left -= credit
        came_back.append(_CameBack(line, asked.quantity, asked.restock, credit, asked.reason))
    if request.charges_credit:
        came_back.append(_CameBack(None, 0, False, request.charges_credit, ""))
    return came_back


def _of_credits(request: ReturnRequest, message: str) -> dict[str, list[str]]:
    """Errors of the fields that say what is credited."""
    fields = [each.field("credit") for each in request.lines if each.credit]
    if request.charges_credit:
        fields.append("charges_credit")
    return {field: [message] for field in fields}


def _update_lines(lines: Sequence[OrderLine], units: Mapping[int, int]) -> None:
    rows = [
        {"id": line.pk, "returned_quantity": line.returned_quantity}
        for line in lines
        if line.pk in units
    ]
    update_rows(OrderLine, _RETURNED, rows)


def _write_lines(order_return: Return, came_back: Sequence[_CameBack]) -> None:
    lines = ReturnLine.objects.bulk_create(
        ReturnLine(
            order_return=order_return,
            line=each.line,
            quantity=each.quantity,
            is_restocked=each.restock,
            credit=each.credit,
        )
        for each in came_back
    )
    ReturnReason.objects.bulk_create(
        ReturnReason(return_line=line, text=each.reason)
        for line, each in zip(lines, came_back, strict=True)
        if each.reason
    )


def _moves(order: Order, came_back: Sequence[_CameBack], actor: str) -> list[StockMove]:
    """The movements of what is on sale again; the version makes them happen once."""
    units: dict[int, int] = {}
    for each in came_back:
        if each.line is not None and each.restock:
            product_id = each.line.product_id
            units[product_id] = units.get(product_id, 0) + each.quantity
    return [
        StockMove(
            product_id=product_id,
            delta=quantity,
            reason="returned",
            reference=f"order:{order.pk}",
            revision=order.version,
            actor=actor,
        )
        for product_id, quantity in sorted(units.items())
    ]


def _told(came_back: Sequence[_CameBack]) -> list[dict[str, object]]:
    return [
        {"line_id": each.line.pk, "quantity": each.quantity, "restock": each.restock}
        for each in came_back
        if each.line is not None
    ]
