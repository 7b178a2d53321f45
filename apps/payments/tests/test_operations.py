"""Recording payments and refunds."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from apps.orders.exceptions import OrderNotFound, RefundExceedsPaid
from apps.payments.exceptions import IdempotencyKeyRequired, PaymentExists, PaymentKeyReused
from apps.payments.models import Payment, PaymentNote
from apps.payments.operations import Recorded, record_payment, record_refund
from apps.payments.tests.factories import by_card, money, order_of_10

pytestmark = pytest.mark.django_db

OPERATIONS = [record_payment, record_refund]
TEN, TWELVE = Decimal(10), Decimal(12)


def test_a_payment_and_a_refund() -> None:
    order = order_of_10()
    paid = record_payment(order_id=order.pk, money=by_card("12.00"), actor="client:7").payment
    record_refund(
        order_id=order.pk, money=money("2.00", note="Ann's"), actor="staff:ada", idempotency_key="k"
    )
    order.refresh_from_db()
    assert (order.paid, order.version) == (Decimal("10.00"), 3)
    assert list(
        Payment.objects.order_by("pk").values_list(
            "kind", "amount", "currency", "client_id", "actor", "paid", "due", "payment_status"
        )
    ) == [
        ("payment", TWELVE, "EUR", order.client_id, "client:7", TWELVE, TEN, "overpaid"),
        ("refund", Decimal(2), "EUR", order.client_id, "staff:ada", TEN, TEN, "paid"),
    ]
    assert [event.data for event in order.events.filter(type="paid")] == [
        {"amount": "12.00", "payment_id": paid.pk}
    ]
    assert [note.text for note in PaymentNote.objects.all()] == ["Ann's"]
    assert str(paid) == f"payment of 12.00 EUR for order #{order.pk}"


@pytest.mark.parametrize("record", OPERATIONS)
@pytest.mark.parametrize("key", [None, "again"])
def test_the_same_reference_records_nothing_again(
    record: Callable[..., Recorded], key: str | None
) -> None:
    """From whomever it comes, with or without a key, and also where nothing is left to refund."""
    order = order_of_10()
    record_payment(order_id=order.pk, money=by_card(), actor="a")
    first = record(order_id=order.pk, money=by_card(note="n"), actor="a")
    again = record(order_id=order.pk, money=by_card(note="m"), actor="b", idempotency_key=key)
    assert again.replayed
    assert again.payment.pk == first.payment.pk
    assert Payment.objects.count() == (1 if record is record_payment else 2)


@pytest.mark.parametrize("record", OPERATIONS)
def test_the_same_key_of_the_same_actor_records_nothing_again(
    record: Callable[..., Recorded],
) -> None:
    order, other = order_of_10(), order_of_10()
    for each in (order, other):
        record_payment(order_id=each.pk, money=by_card("20.00", f"r{each.pk}"), actor="z")
    calls = [
        record(order_id=key, money=money("1.00", note="Ann's"), actor=actor, idempotency_key="a")
        for key, actor in [(order.pk, "a"), (order.pk, "a"), (order.pk, "b"), (other.pk, "a")]
    ]
    assert [each.replayed for each in calls] == [False, True, False, False]
    assert calls[1].payment.pk == calls[0].payment.pk
    assert calls[1].payment.note == "Ann's"
    assert Payment.objects.count() == 5
    PaymentNote.objects.all().delete()
    erased = record(
        order_id=order.pk, money=money("1.00", note="x"), actor="a", idempotency_key="a"
    )
    assert (erased.replayed, erased.payment.note) == (True, "")


@pytest.mark.parametrize("other", [money("1.01"), money("1.00", method="card"), by_card("1.00")])
def test_the_same_key_with_other_money_is_refused(other: object) -> None:
    order = order_of_10()
    record_payment(order_id=order.pk, money=money("1.00"), actor="a", idempotency_key="a")
    with pytest.raises(PaymentKeyReused):
        record_payment(order_id=order.pk, money=other, actor="a", idempotency_key="a")  # type: ignore[arg-type]
    order.refresh_from_db()
    assert order.paid == 1
    assert Payment.objects.count() == 1


def test_the_same_reference_with_other_money_is_refused() -> None:
    order, other = order_of_10(), order_of_10()
    record_payment(order_id=order.pk, money=by_card(), actor="a")
    for order_id, sent in [(other.pk, by_card()), (order.pk, by_card("10.01"))]:
        with pytest.raises(PaymentExists) as caught:
            record_payment(order_id=order_id, money=sent, actor="a")
        assert list(caught.value.errors) == ["provider_reference"]
    order.refresh_from_db()
    other.refresh_from_db()
    assert (order.paid, other.paid) == (TEN, Decimal(0))
    assert Payment.objects.count() == 1


def test_a_reference_is_one_of_its_provider_and_its_kind() -> None:
    order = order_of_10()
    record_payment(order_id=order.pk, money=by_card(), actor="a")
    record_payment(order_id=order.pk, money=by_card(provider="other"), actor="a")
    record_refund(order_id=order.pk, money=by_card(), actor="a")
    order.refresh_from_db()
    assert order.paid == 10
    assert Payment.objects.count() == 3


@pytest.mark.parametrize("record", OPERATIONS)
def test_without_reference_and_key_nothing_says_what_is_a_retry(
    record: Callable[..., Recorded],
) -> None:
    order = order_of_10()
    with pytest.raises(IdempotencyKeyRequired):
        record(order_id=order.pk, money=money(), actor="a")
    assert Payment.objects.count() == 0


def test_what_orders_refuses_leaves_nothing() -> None:
    order = order_of_10()
    with pytest.raises(RefundExceedsPaid):
        record_refund(order_id=order.pk, money=by_card("0.01"), actor="a")
    with pytest.raises(OrderNotFound):
        record_payment(order_id=order.pk + 1, money=by_card(), actor="a")
    assert (Payment.objects.count(), order.events.count()) == (0, 1)


@pytest.mark.parametrize(
    "change",
    [
        {"idempotency_key": None, "provider": "", "provider_reference": ""},
        {"provider": "", "provider_reference": "x"},
        {"kind": "gift"},
        {"amount": Decimal(0)},
        {"amount": Decimal(-1)},
        {"paid": Decimal("-0.01")},
        {},
        {"idempotency_key": None},
    ],
)
def test_the_database_refuses(change: dict[str, object]) -> None:
    """The last two differ from a row that is there in nothing that counts."""
    order = order_of_10()
    row = record_payment(order_id=order.pk, money=by_card(), actor="a", idempotency_key="k").payment
    row.pk = None
    for name, value in change.items():
        setattr(row, name, value)
    with pytest.raises(IntegrityError), transaction.atomic():
        row.save(force_insert=True)


def test_payments_are_append_only() -> None:
    record_payment(order_id=order_of_10().pk, money=by_card(), actor="a")
    with pytest.raises(IntegrityError), transaction.atomic():
        Payment.objects.update(amount=1)
    with pytest.raises(IntegrityError), transaction.atomic():
        Payment.objects.all().delete()
