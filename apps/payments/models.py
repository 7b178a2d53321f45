"""Payments and refunds. Rows are only ever added."""

from typing import Self

from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce


class PaymentQuerySet(models.QuerySet["Payment"]):
    def visible_to(self, client_id: int, *, sees_others: bool) -> Self:
        """Those of the client's own orders; all of them for a caller who sees what others did."""
        return self if sees_others else self.filter(client_id=client_id)

    def with_notes(self) -> Self:
        """Read the notes too, in the same statement."""
        return self.annotate(note=Coalesce(F("noted__text"), Value("")))


class Payment(models.Model):
    """Money received for an order (`payment`) or given back (`refund`). Nothing personal is in it.

    client_id: whose order it is, as the order said. order_status, paid, due, payment_status: of the
    order right after this.
    """

    class Kind(models.TextChoices):
        PAYMENT = "payment"
        REFUND = "refund"

    order = models.ForeignKey(
        "orders.Order", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    client_id = models.BigIntegerField()
    kind = models.CharField(max_length=7, choices=Kind)
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    currency = models.CharField(max_length=3)
    method = models.CharField(max_length=50)
    provider = models.CharField(max_length=100, blank=True)
    provider_reference = models.CharField(max_length=200, blank=True)
    # Null: what is a retry, the provider's reference says.
    idempotency_key = models.CharField(max_length=255, null=True, blank=True)  # noqa: DJ001
    actor = models.CharField(max_length=200)
    order_status = models.CharField(max_length=9)
    paid = models.DecimalField(max_digits=15, decimal_places=2)
    due = models.DecimalField(max_digits=15, decimal_places=2)
    payment_status = models.CharField(max_length=11)
    created_at = models.DateTimeField()

    note: str = ""
    """For people; `with_notes` reads it from a table of its own."""

    objects = PaymentQuerySet.as_manager()

    class Meta:
        ordering = ("-pk",)
        indexes = (
            models.Index(fields=("order", "id"), name="payment_by_order"),
            models.Index(fields=("client_id", "id"), name="payment_by_client"),
            models.Index(fields=("created_at",), name="payment_by_created_at"),
        )
        constraints = (
            models.UniqueConstraint(
                name="payment_once_per_key",
                fields=("order", "kind", "actor", "idempotency_key"),
                condition=Q(idempotency_key__isnull=False),
            ),
            models.UniqueConstraint(
                # The same reference to two payments would count money twice, whoever sends it.
                name="payment_once_per_reference",
                fields=("provider_reference", "provider", "kind"),
                condition=~Q(provider_reference=""),
            ),
            models.CheckConstraint(
                name="payment_says_what_is_a_retry",
                condition=Q(idempotency_key__isnull=False) | ~Q(provider_reference=""),
            ),
            models.CheckConstraint(
                name="payment_reference_has_provider",
                condition=Q(provider_reference="") | ~Q(provider=""),
            ),
            models.CheckConstraint(
                name="payment_kind_known", condition=Q(kind__in=("payment", "refund"))
            ),
            models.CheckConstraint(name="payment_amount_positive", condition=Q(amount__gt=0)),
            models.CheckConstraint(name="payment_paid_not_negative", condition=Q(paid__gte=0)),
        )

    def __str__(self) -> str:
        return f"{self.kind} of {self.amount} {self.currency} for order #{self.order_id}"


class PaymentNote(models.Model):
    """What people wrote about a payment. It may name persons, so it can be erased."""

    payment = models.OneToOneField(
        Payment, on_delete=models.PROTECT, related_name="noted", primary_key=True
    )
    text = models.CharField(max_length=1000)

    def __str__(self) -> str:
        return self.text
