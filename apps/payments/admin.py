"""The staff pages of payments and refunds."""

from typing import Any

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest

from apps.payments.models import Payment, PaymentQuerySet
from monoservices.api.staff import ReadOnlyAdmin
from monoservices.api.types import MAX_BIG_INTEGER


@admin.register(Payment)
class PaymentAdmin(ReadOnlyAdmin):
    """Payments and refunds, newest first. Nobody changes them."""

    list_display = (
        "created_at",
        "order_id",
        "kind",
        "money",
        "method",
        "provider",
        "provider_reference",
        "payment_status",
    )
    list_filter = ("kind",)
    search_fields = ("order_id", "provider_reference")
    search_help_text = "Search by order number or the provider's reference."
    ordering = ("-pk",)
    sortable_by = ()
    fields = (
        "created_at",
        "order_number",
        "kind",
        "money",
        "method",
        "provider",
        "provider_reference",
        "written",
        "actor",
        "order_status",
        "paid",
        "due",
        "payment_status",
    )

    def get_queryset(self, request: HttpRequest) -> PaymentQuerySet:
        return Payment.objects.with_notes()

    def get_search_results(
        self, request: HttpRequest, queryset: Any, search_term: str
    ) -> tuple[Any, bool]:
        if term := search_term.strip():
            found = Q(provider_reference=term)
            if term.isascii() and term.isdigit() and int(term[:20]) <= MAX_BIG_INTEGER:
                found |= Q(order_id=term)
            queryset = queryset.filter(found)
        return queryset, False

    @admin.display(description="Order")
    def order_number(self, payment: Payment) -> int:
        return payment.order_id

    @admin.display(description="Amount")
    def money(self, payment: Payment) -> str:
        return f"{payment.amount} {payment.currency}"

    @admin.display(description="Note")
    def written(self, payment: Payment) -> str:
        return payment.note
