"""Payments for the demo's orders, to try things out with."""

import random

from django.db import transaction
from msgspec import structs

from apps.payments.microservice_communication import demo_orders
from apps.payments.models import Payment
from apps.payments.operations import Money, record_payment, record_refund

ACTOR = "staff:demo"


@transaction.atomic
def seed_payments(seed: int = 1) -> int:
    """Pay most orders of the demo that are not held, and refund most of what is then overpaid.

    Canceled orders are paid for too, and what came back was paid before: so some orders need a
    refund. Returns how many payments and refunds there are. The same seed pays the same orders.
    """
    chance = random.Random(seed)  # noqa: S311 - a demo, not a secret
    for order in demo_orders():
        if order.total == 0 or chance.random() < 0.15:
            continue
        reference = f"demo-{order.id}"
        amount = round(order.total / 2, 2) if chance.random() < 0.1 else order.total
        money = Money(amount=amount, method="card", provider="demo", provider_reference=reference)
        if chance.random() < 0.2:
            money = Money(amount=amount, method="transfer")
        record_payment(
            order_id=order.id, money=money, actor=ACTOR, idempotency_key=reference, at=order.at
        )
        if amount > order.due and chance.random() < 0.7:
            back = structs.replace(money, amount=amount - order.due)
            record_refund(
                order_id=order.id, money=back, actor=ACTOR, idempotency_key=reference, at=order.at
            )
    return Payment.objects.count()
