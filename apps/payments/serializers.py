"""What goes over the wire: payments and refunds."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from apps.payments.exceptions import OtherCurrency
from apps.payments.models import Payment, PaymentQuerySet
from apps.payments.operations import Money
from monoservices.api.pagination import DEFAULT_LIMIT, Cursor, Limit
from monoservices.api.problems import Errors, Invalid
from monoservices.api.types import NO_NUL, NOT_BLANK, Id, LargeMoney, Moment, ShortText, money

Method = Annotated[str, Meta(min_length=1, max_length=50, pattern=NOT_BLANK, examples=["card"])]
Provider = Annotated[
    str, Meta(min_length=1, max_length=100, pattern=NOT_BLANK, examples=["stripe"])
]
Reference = Annotated[
    str, Meta(min_length=1, max_length=200, pattern=NOT_BLANK, examples=["ch_3PYq"])
]
Note = Annotated[str, Meta(max_length=1000, pattern=NO_NUL)]
CurrencyCode = Annotated[str, Meta(min_length=3, max_length=3, pattern=NO_NUL, examples=["EUR"])]
Kind = Literal["payment", "refund"]


class PaymentIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """Money that was received for an order or given back. `currency` is the order's.

    Without a provider_reference, the request needs an Idempotency-Key.
    """

    amount: LargeMoney
    method: Method
    currency: CurrencyCode | UnsetType = UNSET
    provider: Provider | UnsetType = UNSET
    provider_reference: Reference | UnsetType = UNSET
    note: Note | UnsetType = UNSET

    def check(self, currency: str) -> Money:
        """The money to record for an order in this currency. Raises Invalid, OtherCurrency."""
        errors: Errors = {}
        if money(self.amount) <= 0:
            errors["amount"] = ["Expected more than 0."]
        if self.provider_reference is not UNSET and self.provider is UNSET:
            errors["provider"] = ["This field is required with a provider_reference."]
        if errors:
            raise Invalid(errors=errors)
        if self.currency is not UNSET and self.currency != currency:
            raise OtherCurrency(errors={"currency": [f"The order is in {currency}."]})
        return Money(
            amount=money(self.amount),
            method=self.method,
            provider=self.provider or "",
            provider_reference=self.provider_reference or "",
            note=self.note or "",
        )


class PaymentOut(Struct, kw_only=True):
    """A payment or a refund, and what the order said right after it."""

    id: int
    order_id: int
    kind: Annotated[str, Meta(extra_json_schema={"enum": ["payment", "refund"]})]
    amount: Decimal
    currency: str
    method: str
    provider: str
    provider_reference: str
    note: str
    created_at: Moment
    order_status: str
    paid: Decimal
    due: Decimal
    payment_status: str
    needs_refund: bool


PAYMENT_COLUMNS = tuple(name for name in PaymentOut.__struct_fields__ if name != "needs_refund")
"""The fields that `PaymentQuerySet.with_notes` reads."""


def payment_out(columns: Mapping[str, Any]) -> PaymentOut:
    """A payment in a response or an export, from its columns and its note."""
    said = {name: columns[name] for name in PAYMENT_COLUMNS}
    return PaymentOut(needs_refund=said["paid"] > said["due"], **said)


def represent(payment: Payment) -> PaymentOut:
    """A payment in a response."""
    return payment_out({"note": payment.note} | vars(payment))


class PaymentFilters(Struct, forbid_unknown_fields=True, kw_only=True):
    """The query string of an export of payments."""

    order_id: Id | UnsetType = UNSET
    kind: Kind | UnsetType = UNSET
    method: ShortText | UnsetType = UNSET
    provider: ShortText | UnsetType = UNSET
    provider_reference: Reference | UnsetType = UNSET
    created_after: Moment | UnsetType = UNSET
    created_before: Moment | UnsetType = UNSET

    def find(self, payments: PaymentQuerySet) -> PaymentQuerySet:
        """Those of the payments that match."""
        columns = {"created_after": "created_at__gt", "created_before": "created_at__lt"}
        given: dict[str, Any] = {
            columns.get(name, name): value
            for name in PaymentFilters.__struct_fields__
            if (value := getattr(self, name)) is not UNSET
        }
        return payments.filter(**given)


class PaymentQuery(PaymentFilters, kw_only=True):
    """The query string of the list of payments, newest first."""

    limit: Limit = DEFAULT_LIMIT
    cursor: Cursor | UnsetType = UNSET


class OrderPaymentQuery(Struct, forbid_unknown_fields=True, kw_only=True):
    """The query string of the payments or refunds of an order, oldest first."""

    limit: Limit = DEFAULT_LIMIT
    cursor: Cursor | UnsetType = UNSET
