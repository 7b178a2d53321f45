"""What placing an order takes: requests that are valid in themselves, before products are read."""

import hashlib
import secrets
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import msgspec
from msgspec import Struct

DETAILS = ("reference", "customer_email", "shipping_address", "metadata")
"""The fields of an order that say nothing about products and money."""

Key = tuple[int, str]
"""A client's id and its idempotency key."""


class LineRequest(Struct, frozen=True, kw_only=True):
    """One product to order, by its id or by its SKU.

    path: where the line stood in the request, such as `lines.0`; empty for the short form.
    unit_price: in the shop's currency; None for the product's own price.
    """

    path: str
    quantity: int
    product_id: int | None = None
    sku: str | None = None
    unit_price: Decimal | None = None

    def field(self, name: str) -> str:
        """The path of one of this line's fields."""
        return f"{self.path}.{name}" if self.path else name

    @property
    def product_field(self) -> str:
        """The path of the field that names the product."""
        return self.field("product_id" if self.sku is None else "sku")


class OrderRequest(Struct, frozen=True, kw_only=True):
    """An order to place for a client.

    idempotency_key: the client's own, or one made on arrival. fingerprint: of what is ordered,
    see `fingerprint`. expected_total: refuse the order if it costs anything else.
    """

    client_id: int
    actor: str
    idempotency_key: str
    fingerprint: str
    lines: tuple[LineRequest, ...]
    reference: str = ""
    customer_email: str = ""
    shipping_address: dict[str, Any] = {}
    metadata: dict[str, Any] = {}
    expected_total: Decimal | None = None

    @property
    def key(self) -> Key:
        """What makes this request one and the same."""
        return self.client_id, self.idempotency_key


class PlacedOrder(Struct, frozen=True):
    """An order that is in the database.

    answer: the JSON text that its first request was answered with. replayed: whether this is an
    answer to a later one.
    """

    id: int
    answer: str
    replayed: bool


class OrderChange(Struct, frozen=True, kw_only=True):
    """What to change of a pending order; None leaves as it is.

    product_id, quantity: of the one line that the order has. lines: all lines anew. details: of
    `DETAILS`. expected_total: refuse the change if the order would cost anything else.
    """

    product_id: int | None = None
    quantity: int | None = None
    lines: tuple[LineRequest, ...] | None = None
    details: dict[str, Any] = {}
    expected_total: Decimal | None = None


def order_request(
    *,
    client_id: int,
    actor: str,
    lines: Iterable[LineRequest],
    idempotency_key: str | None = None,
    **details: Any,
) -> OrderRequest:
    """Make an OrderRequest; `details` are its further fields.

    Without a key the request gets 128 random bits for one, so that even a retry inside the system
    cannot place it twice.
    """
    lines = tuple(lines)
    return OrderRequest(
        client_id=client_id,
        actor=actor,
        idempotency_key=idempotency_key or secrets.token_hex(16),
        fingerprint=fingerprint(lines, details),
        lines=lines,
        **details,
    )


def fingerprint(lines: Iterable[LineRequest], details: dict[str, Any]) -> str:
    """SHA-256, in hex, of a request in canonical form: lines merged and sorted, keys sorted.

    Two requests have the same one exactly if they ask for the same.
    """
    quantities: dict[tuple[str, str, str], int] = {}
    for line in lines:
        price = "" if line.unit_price is None else str(line.unit_price)
        product = (str(line.product_id or ""), line.sku or "", price)
        quantities[product] = quantities.get(product, 0) + line.quantity
    sent = {name: value for name, value in details.items() if value not in (None, "", {})}
    canonical = msgspec.json.encode([sorted(quantities.items()), sent], order="deterministic")
    return hashlib.sha256(canonical).hexdigest()
