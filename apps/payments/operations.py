"""Every write of this service. Each function owns its transaction."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

from django.db import IntegrityError, transaction
from msgspec import Struct

from apps.payments.exceptions import IdempotencyKeyRequired, PaymentExists, PaymentKeyReused
from apps.payments.microservice_communication import PaidOrder, give_money_back, receive_money
from apps.payments.models import Payment, PaymentNote
from monoservices.api.problems import Problem
from monoservices.database.engines import engine

__all__ = ["Money", "Recorded", "record_payment", "record_refund"]


class Money(Struct, frozen=True, kw_only=True):
    """Money to record for an order.

    amount: more than 0, in the order's currency. method: such as `card` or `cash`.
    provider, provider_reference: who moved the money, and its own name for that; both or neither.
    note: for people; it can be erased.
    """

    amount: Decimal
    method: str
    provider: str = ""
    provider_reference: str = ""
    note: str = ""


class _Request(Struct, frozen=True):
    """What `record_payment` and `record_refund` are asked for."""

    kind: str
    order_id: int
    money: Money
    actor: str
    key: str | None


class Recorded(Struct, frozen=True):
    """replayed: whether it had been recorded before."""

    payment: Payment
    replayed: bool


_COMPARED = ("amount", "method", "provider", "provider_reference")
"""What two requests with the same key must agree on. A note may have been erased since."""


def record_payment(
    *,
    order_id: int,
    money: Money,
    actor: str,
    idempotency_key: str | None = None,
    at: datetime | None = None,
) -> Recorded:
    """Record money received for an order, whatever its status is, and tell orders.

    The same provider's reference, or the same key of the same actor, records nothing again.
    idempotency_key: needed without a provider's reference. at: the moment it happened; now where it
    is None.
    Raises IdempotencyKeyRequired, PaymentExists, PaymentKeyReused, and an OrdersError; then nothing
    is written.
    """
    asked = _Request("payment", order_id, money, actor, idempotency_key)
    return _record(asked, receive_money, at)


def record_refund(
    *,
    order_id: int,
    money: Money,
    actor: str,
    idempotency_key: str | None = None,
    at: datetime | None = None,
) -> Recorded:
    """Record money given back, at most what is paid; see `record_payment`.

    Raises what `record_payment` raises, and RefundExceedsPaid of orders.
    """
    asked = _Request("refund", order_id, money, actor, idempotency_key)
    return _record(asked, give_money_back, at)


def _record(
    asked: _Request, tell_orders: Callable[..., PaidOrder], at: datetime | None
) -> Recorded:
    if asked.key is None and not asked.money.provider_reference:
        raise IdempotencyKeyRequired
    if before := _recorded_before(asked):
        return Recorded(before, replayed=True)
    try:
        with transaction.atomic():
            payment_id = engine().reserve_ids(Payment, 1).fetch()[0][0]
            # This locks the order. Whoever records the same at the same time waits here.
            order = tell_orders(
                order_id=asked.order_id,
                amount=asked.money.amount,
                actor=asked.actor,
                payment_id=payment_id,
                at=at,
            )
            return Recorded(_write(payment_id, asked, order), replayed=False)
    except (IntegrityError, Problem):
        # Another request may have recorded it meanwhile, and even have refunded everything.
        before = _recorded_before(asked)
        if before is None:
            raise
        return Recorded(before, replayed=True)


def _recorded_before(asked: _Request) -> Payment | None:
    """What was recorded by the same key or reference. Raises PaymentKeyReused, PaymentExists."""
    money, payments = asked.money, Payment.objects.with_notes().filter(kind=asked.kind)
    if asked.key is not None:
        of_key = payments.filter(
            order=asked.order_id, actor=asked.actor, idempotency_key=asked.key
        ).first()
        if of_key is not None:
            if any(getattr(of_key, name) != getattr(money, name) for name in _COMPARED):
                raise PaymentKeyReused
            return of_key
    if not money.provider_reference:
        return None
    of_reference = payments.filter(
        provider=money.provider, provider_reference=money.provider_reference
    ).first()
    if of_reference is None:
        return None
    if (of_reference.order_id, of_reference.amount) != (asked.order_id, money.amount):
        text = f"{money.provider} has moved other money by this reference."
        raise PaymentExists(errors={"provider_reference": [text]})
    return of_reference


def _write(payment_id: int, asked: _Request, order: PaidOrder) -> Payment:
    money = asked.money
    payment = Payment(
        pk=payment_id,
        order_id=order.id,
        client_id=order.client_id,
        kind=asked.kind,
        amount=money.amount,
        currency=order.currency,
        method=money.method,
        provider=money.provider,
        provider_reference=money.provider_reference,
        idempotency_key=asked.key,
        actor=asked.actor,
        order_status=order.status,
        paid=order.paid,
        due=order.due,
        payment_status=order.payment_status,
        created_at=order.at,
    )
    payment.save(force_insert=True)
    if money.note:
        PaymentNote.objects.create(payment=payment, text=money.note)
        payment.note = money.note
    return payment
