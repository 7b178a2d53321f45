"""What happens to the demo's orders, and when."""

import random
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from apps.orders.exceptions import OrdersError
from apps.orders.fulfilment.canceling import cancel_order
from apps.orders.fulfilment.delivering import deliver_shipment
from apps.orders.fulfilment.goods import LineUnits, open_units, returnable_units
from apps.orders.fulfilment.requests import (
    Followed,
    ReturnedUnits,
    ReturnRequest,
    ShipmentRequest,
)
from apps.orders.fulfilment.returning import return_goods
from apps.orders.fulfilment.shipping import ship_orders
from apps.orders.holding.confirming import confirm_order
from apps.orders.holding.sweeping import sweep_expired_holds
from apps.orders.models import Order, OrderLine, Shipment
from apps.orders.placing.rules import NOTHING

DAYS = 30
ORDERS = 200
CARTS = {2: 900, 5: 900, 9: 3600, 20: 172_800, 30: 900, 45: 900}
"""Orders that wait for their payment: how many minutes ago they were placed, and the seconds for
which they are held. Two of them have expired."""
HOLD_SECONDS = 900
PARTLY_SHIPPED = 16
"""The number of an order of which one parcel has left, and the other has not."""
_REASONS = (("Too small", True), ("Arrived broken", False), ("Not as expected", True))
"""Why units come back, and whether they are on sale again."""

Step = Callable[..., Any]
"""Takes `order_id`, `actor` and `at`."""


def plan(now: datetime, chance: random.Random) -> Iterator[tuple[datetime, int, Step | None]]:
    """Yield (moment, number of the order, step); a step of None places the order."""
    for number, minutes in enumerate(CARTS, ORDERS):
        yield now - timedelta(minutes=minutes), number, None
    for number in range(ORDERS):
        at = now - timedelta(seconds=chance.uniform(60, DAYS * 86_400))
        steps = _steps(number, chance)
        if number == PARTLY_SHIPPED:
            at, steps = now - timedelta(days=2), [(partial(_ship_half, number), 1)]
        yield at, number, None
        for step, days in steps:
            at += timedelta(days=days * chance.uniform(0.5, 1.5))
            if at < now:
                yield at, number, step


def hold_seconds(number: int) -> int | None:
    """For how long an order is held: the carts, and some of the others."""
    if number >= ORDERS:
        return [*CARTS.values()][number - ORDERS]
    return HOLD_SECONDS if number % 8 == 3 else None


def has_parts(number: int) -> bool:
    """Whether a part of each line of the order is shipped or canceled: it has several units."""
    return _in_two_parcels(number) or _partly_canceled(number)


def _in_two_parcels(number: int) -> bool:
    return number % 10 == 6


def _partly_canceled(number: int) -> bool:
    return number % 20 == 13


def _steps(number: int, chance: random.Random) -> list[tuple[Step, float]]:
    """What happens to an order after it was placed, and how many days that takes on average."""
    steps: list[tuple[Step, float]]
    steps = [(partial(_ship_rest, number), 1.2), (_deliver_next, 2.5)]
    if _in_two_parcels(number):
        steps = [(partial(_ship_half, number), 0.8), *steps, (_deliver_next, 0.5)]
    if _partly_canceled(number):
        steps = [(_cancel_one, 0.2), *steps]
    if number % 12 == 5:
        steps = [*steps, (partial(_send_back, number), 4)]
    if chance.random() < 0.07:
        steps = [(cancel_order, 0.3)]
    if hold_seconds(number):
        paid = chance.random() < 0.7
        steps = [(confirm_order, 0.003), *steps] if paid else [(_take_back, 0.03)]
    return steps


def _take_back(*, order_id: int, actor: str, at: datetime) -> None:
    """What the housekeeper does once holds have expired."""
    sweep_expired_holds(at=at)


def _ship_half(number: int, *, order_id: int, actor: str, at: datetime) -> None:
    lines = OrderLine.objects.filter(order=order_id)
    _ship(
        number, order_id, actor, at, lines=[_units(line, open_units(line) // 2) for line in lines]
    )


def _ship_rest(number: int, *, order_id: int, actor: str, at: datetime) -> None:
    _ship(number, order_id, actor, at, lines=None)


def _ship(
    number: int,
    order_id: int,
    actor: str,
    at: datetime,
    *,
    lines: Iterable[LineUnits] | None,
) -> None:
    parcel = Shipment.objects.filter(order=order_id).count() + 1
    request = ShipmentRequest(
        order_id=order_id,
        actor=actor,
        idempotency_key=f"demo-{parcel}",
        lines=None if lines is None else tuple(lines),
        followed=_followed(number, parcel),
    )
    [outcome] = ship_orders([request], at=at)
    if isinstance(outcome, OrdersError):
        raise outcome


def _followed(number: int, parcel: int) -> Followed:
    """Where a parcel can be followed. Some leave without a number."""
    if number % 6 == 0:
        return Followed()
    code = f"0034043416{number:08}{parcel:02}"
    url = f"https://parcels.example.com/{code}"
    return Followed(carrier="DHL", tracking_number=code, tracking_url=url)


def _deliver_next(*, order_id: int, actor: str, at: datetime) -> None:
    """Deliver the oldest parcel that is still under way."""
    under_way = Shipment.objects.filter(order=order_id, delivery=None).order_by("pk")
    deliver_shipment(shipment_id=under_way[0].pk, actor=actor, at=at)


def _cancel_one(*, order_id: int, actor: str, at: datetime) -> None:
    line = OrderLine.objects.filter(order=order_id)[0]
    cancel_order(order_id=order_id, actor=actor, lines=[_units(line, 1)], at=at)


def _send_back(number: int, *, order_id: int, actor: str, at: datetime) -> None:
    """One unit comes back. If it is broken, what the parcel has cost is credited too."""
    order = Order.objects.with_lines().get(pk=order_id)
    line = next(line for line in order.lines.all() if returnable_units(line))
    reason, restock = _REASONS[number // 12 % len(_REASONS)]
    unit = ReturnedUnits(path="", line_id=line.pk, quantity=1, restock=restock, reason=reason)
    charges = NOTHING if restock else order.charges_total or NOTHING
    return_goods(
        order_id=order_id,
        request=ReturnRequest(lines=(unit,), charges_credit=charges),
        actor=actor,
        idempotency_key="demo",
        at=at,
    )


def _units(line: OrderLine, quantity: int) -> LineUnits:
    return LineUnits(path="", line_id=line.pk, quantity=quantity)
