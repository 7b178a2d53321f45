"""What placing and changing an order take: requests that are valid before products are read."""

import hashlib
import secrets
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import msgspec
from msgspec import Struct


class OrderDetails(Struct, frozen=True, kw_only=True):
    """The fields of an order that say nothing about products and money.

    The statements, the export and the staff page take their list of fields from here.
    """

    reference: str = ""
    customer_email: str = ""
    shipping_address: dict[str, Any] = {}
    metadata: dict[str, Any] = {}


DETAILS = OrderDetails.__struct_fields__

Key = tuple[int, str]
"""A client's id and its idempotency key."""


class LineRequest(Struct, frozen=True, kw_only=True):
    """One product to order, by its id or by its SKU.

    path: where the line is in the request, such as `lines.0`; empty for the short form.
    unit_price: in the shop's currency; None for the product's own price.
    tax_rate, tax_amount: in percent, and in the shop's currency for the whole line; prices include
        it. They are recorded as they were sent.
    """

    path: str
    quantity: int
    product_id: int | None = None
    sku: str | None = None
    unit_price: Decimal | None = None
    tax_rate: Decimal | None = None
    tax_amount: Decimal | None = None

    def field(self, name: str) -> str:
        """The path of one of this line's fields."""
        return f"{self.path}.{name}" if self.path else name

    @property
    def product_field(self) -> str:
        """The path of the field that names the product."""
        return self.field("product_id" if self.sku is None else "sku")


class Charge(Struct, frozen=True, kw_only=True):
    """What an order costs beside its lines, as the client has sent it.

    type: one of `rules.CHARGES`. amount: in the shop's currency, tax included; less than nothing
    lowers the total. tax_rate, tax_amount: as those of a line.
    """

    type: str
    amount: Decimal
    label: str = ""
    tax_rate: Decimal | None = None
    tax_amount: Decimal | None = None


class OrderRequest(OrderDetails, frozen=True, kw_only=True):
    """An order to place for a client.

    actor: who the order's history names. idempotency_key: the client's own, or one made on
    arrival. fingerprint: of what is ordered, see `fingerprint_of`. expected_total: refuse the
    order if its total differs. hold_seconds: how long it is held; None for a firm order.
    replaces: the id of the client's own held order that is canceled if this one is accepted.
    """

    client_id: int
    actor: str
    idempotency_key: str
    fingerprint: str
    lines: tuple[LineRequest, ...]
    charges: tuple[Charge, ...] = ()
    expected_total: Decimal | None = None
    hold_seconds: int | None = None
    replaces: int | None = None

    @property
    def key(self) -> Key:
        """Two requests with the same key are one request, sent again."""
        return self.client_id, self.idempotency_key


class PlacedOrder(Struct, frozen=True):
    """An order that is in the database.

    response: the JSON text that its first request was answered with. replayed: whether a later
    request gets that response again.
    """

    id: int
    response: str
    replayed: bool


class OrderChange(Struct, frozen=True, kw_only=True):
    """What to change of a pending order; None leaves a field unchanged.

    product_id, quantity: of an order that has one line. lines, charges: all of the new ones.
    details: those of DETAILS that change. expected_total: refuse the change if the order's total
    would differ. hold_seconds: from now on, of an order that is held.
    """

    product_id: int | None = None
    quantity: int | None = None
    lines: tuple[LineRequest, ...] | None = None
    charges: tuple[Charge, ...] | None = None
    details: dict[str, Any] = {}
    expected_total: Decimal | None = None
    hold_seconds: int | None = None


def order_request(
    *,
    client_id: int,
    lines: Iterable[LineRequest],
    actor: str = "",
    idempotency_key: str | None = None,
    **further: Any,
) -> OrderRequest:
    """Make an OrderRequest.

    actor: the client where it is empty.
    further: `charges`, `expected_total`, `hold_seconds`, `replaces`, and fields of OrderDetails.
    A request without a key gets one of 128 random bits, so that even a retry inside Tradepost
    cannot place it twice.
    """
    lines = tuple(lines)
    return OrderRequest(
        client_id=client_id,
        actor=actor or f"client:{client_id}",
        idempotency_key=idempotency_key or secrets.token_hex(16),
        fingerprint=fingerprint_of(lines, further),
        lines=lines,
        **further,
    )


def fingerprint_of(lines: Iterable[LineRequest], further: dict[str, Any]) -> str:
    """SHA-256, in hex, of a request in canonical form: lines merged and sorted, keys sorted.

    Two requests have the same fingerprint exactly if they ask for the same. What a request does not
    have leaves no trace, so that keys from before a new field stay good.
    """
    quantities: dict[tuple[str, str, str], int] = {}
    taxes: dict[tuple[str, str, str, str], Decimal] = {}
    for line in lines:
        price = "" if line.unit_price is None else str(line.unit_price)
        product = (str(line.product_id or ""), line.sku or "", price)
        quantities[product] = quantities.get(product, 0) + line.quantity
        if line.tax_rate is not None or line.tax_amount is not None:
            tax = (*product, str(line.tax_rate))
            taxes[tax] = taxes.get(tax, Decimal(0)) + (line.tax_amount or 0)
    sent = {name: value for name, value in further.items() if value not in (None, "", {}, ())}
    if taxes:
        sent["taxes"] = sorted(taxes.items())
    canonical = msgspec.json.encode([sorted(quantities.items()), sent], order="deterministic")
    return hashlib.sha256(canonical).hexdigest()
