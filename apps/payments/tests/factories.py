"""Orders and money for the tests of payments."""

from decimal import Decimal
from typing import Any

from apps.orders.models import Order
from apps.orders.operations import place_order
from apps.orders.tests.factories import line, make_order, request
from apps.orders.tests.product_rows import make_product
from apps.payments.operations import Money


def order_of_10(client_id: int | None = None) -> Order:
    """A pending order of two units at 5.00, of this client or of `console`."""
    lines = line(make_product().id, 2)
    if client_id is None:
        return make_order(lines)
    return Order.objects.get(pk=place_order(request(lines, client_id=client_id)).id)


def money(amount: str = "10.00", **fields: Any) -> Money:
    """Cash, unless `fields` say something else."""
    said: dict[str, Any] = {"amount": Decimal(amount), "method": "cash"} | fields
    return Money(**said)


def by_card(amount: str = "10.00", reference: str = "ch_1", **fields: Any) -> Money:
    """Money that the provider `bank` has moved."""
    of_bank = {"method": "card", "provider": "bank", "provider_reference": reference}
    return money(amount, **of_bank | fields)
