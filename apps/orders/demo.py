"""A month of orders of a small shop, to try things out with."""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from apps.orders.demo_plan import DAYS, has_parts, hold_seconds, plan
from apps.orders.exceptions import OutOfStock
from apps.orders.microservice_communication import (
    ProductSnapshot,
    client_id_for,
    create_demo_products,
    get_products_by_name,
)
from apps.orders.placing.place import place_order
from apps.orders.placing.requests import Charge, LineRequest, order_request

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
    for at, number, step in sorted(plan(now, chance), key=lambda planned: planned[:2]):
        if step is None:
            order_id = _place(number, client_id, products, chance, at)
            if order_id is not None:
                placed[number] = order_id
        elif number in placed:
            step(order_id=placed[number], actor=ACTOR, at=at)
    return len(placed)


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
                quantity=chance.choice((2, 2, 4) if has_parts(number) else (1, 1, 2, 4)),
                tax_rate=TAX_RATE,
            )
            for index, product in enumerate(chosen)
        ],
        charges=_charges(number),
        hold_seconds=hold_seconds(number),
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
