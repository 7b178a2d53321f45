"""A month of orders of a small shop, to try things out with."""

import random
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone

from apps.orders.exceptions import OutOfStock
from apps.orders.fulfilment.canceling import cancel_order
from apps.orders.fulfilment.delivering import deliver_order
from apps.orders.fulfilment.shipping import ship_order
from apps.orders.holding.confirming import confirm_order
from apps.orders.holding.sweeping import sweep_expired_holds
from apps.orders.microservice_communication import (
    ProductSnapshot,
    client_id_for,
    create_demo_products,
    get_products_by_name,
)
from apps.orders.placing.place import place_order
from apps.orders.placing.requests import Charge, LineRequest, order_request

DAYS = 30
ORDERS = 200
CARTS = {2: 900, 5: 900, 9: 3600, 20: 172_800, 30: 900, 45: 900}
"""Orders that wait for their payment: how many minutes ago they were placed, and the seconds for
which they are held. Two of them have expired."""
HOLD_SECONDS = 900
ACTOR = "staff:demo"
TAX_RATE = Decimal("19.00")
_PEOPLE = ("ada", "ben", "chloe", "dev", "emil", "fatima", "greta", "hugo", "ines", "jonas")
_STREETS = ("Mill Lane", "Station Road", "Park Street", "Church Hill", "Long Row")


@transaction.atomic
def seed_shop(seed: int = 1) -> int:
    """Create the demo products and a month of orders; return the number of orders.

    The same seed makes the same shop, up to now. Raises SkuExists if the demo products exist.
    """
    chance = random.Random(seed)  # noqa: S311 - a demo, not a secret
    now = timezone.now()
    create_demo_products(at=now - timedelta(days=DAYS + 1))
    products = list(get_products_by_name())
    client_id = client_id_for(built_in="demo")
    placed: dict[int, int] = {}
    for at, number, step in sorted(_plan(now, chance), key=lambda planned: planned[:2]):
        if step is None:
            order_id = _place(number, client_id, products, chance, at)
            if order_id is not None:
                placed[number] = order_id
        elif number in placed:
            step(order_id=placed[number], actor=ACTOR, at=at)
    return len(placed)


def _plan(
    now: datetime, chance: random.Random
) -> Iterator[tuple[datetime, int, Callable[..., Any] | None]]:
    """Yield (moment, number of the order, step); a step of None places the order."""
    for number, minutes in enumerate(CARTS, ORDERS):
        yield now - timedelta(minutes=minutes), number, None
    for number in range(ORDERS):
        at = now - timedelta(seconds=chance.uniform(60, DAYS * 86_400))
        yield at, number, None
        canceled = chance.random() < 0.07
        steps: list[tuple[Callable[..., Any], float]]
        steps = [(cancel_order, 0.3)] if canceled else [(ship_order, 1.2), (deliver_order, 2.5)]
        if _hold_seconds(number):
            paid = chance.random() < 0.7
            steps = [(confirm_order, 0.003), *steps] if paid else [(_take_back, 0.03)]
        for step, days in steps:
            at += timedelta(days=days * chance.uniform(0.5, 1.5))
            if at < now:
                yield at, number, step


def _hold_seconds(number: int) -> int | None:
    """For how long an order is held: the carts, and some of the others."""
    if number >= ORDERS:
        return [*CARTS.values()][number - ORDERS]
    return HOLD_SECONDS if number % 8 == 3 else None


def _take_back(*, order_id: int, actor: str, at: datetime) -> None:
    """What the housekeeper does once holds have expired."""
    sweep_expired_holds(at=at)


def _charges(number: int) -> tuple[Charge, ...]:
    """What an order costs beside its lines: shipping for most, for some a discount too."""
    if number % 5 == 0:  # picked up
        return ()
    parcel = Charge(type="shipping", label="Parcel", amount=Decimal("4.90"), tax_rate=TAX_RATE)
    if number % 7:
        return (parcel,)
    return parcel, Charge(type="discount", label="Welcome back", amount=Decimal("-2.00"))


def _place(
    number: int,
    client_id: int,
    products: Sequence[ProductSnapshot],
    chance: random.Random,
    at: datetime,
) -> int | None:
    """Place one order and return its id; None where the shop has run out of stock for it."""
    person = chance.choice(_PEOPLE)
    chosen = chance.sample(products, chance.choice((1, 1, 1, 2, 2, 3, 5)))
    request = order_request(
        client_id=client_id,
        idempotency_key=f"demo-{number}",
        lines=[
            LineRequest(
                path=f"lines.{index}",
                product_id=product.id,
                quantity=chance.choice((1, 1, 2, 4)),
                tax_rate=TAX_RATE,
            )
            for index, product in enumerate(chosen)
        ],
        charges=_charges(number),
        hold_seconds=_hold_seconds(number),
        reference=f"WEB-{1000 + number}",
        customer_email=f"{person}@example.com",
        shipping_address={
            "name": person.capitalize(),
            "street": f"{chance.randint(1, 90)} {chance.choice(_STREETS)}",
            "city": "Exampleton",
        },
    )
    try:
        return place_order(request, at=at).id
    except OutOfStock:
        return None
