from datetime import datetime
from decimal import Decimal
from typing import Any

from msgspec import Struct


class Product(Struct):
    id: int
    sku: str
    name: str
    description: str
    price: Decimal
    currency: str
    stock_quantity: int
    committed_quantity: int
    on_hand: int
    is_active: bool
    created_at: datetime
    updated_at: datetime


class Available(Struct):
    id: int
    available: int
    price: Decimal
    currency: str


class Availability(Struct):
    results: list[Available]


class OrderLine(Struct):
    id: int
    product_id: int
    sku: str
    product_name: str
    unit_price: Decimal
    quantity: int
    shipped_quantity: int
    canceled_quantity: int
    returned_quantity: int
    tax_rate: Decimal | None
    tax_amount: Decimal | None


class OrderCharge(Struct):
    type: str
    label: str
    amount: Decimal
    tax_rate: Decimal | None
    tax_amount: Decimal | None


class Order(Struct):
    id: int
    status: str
    currency: str
    total: Decimal
    credited: Decimal
    paid: Decimal | None
    due: Decimal
    payment_status: str | None
    needs_refund: bool
    reference: str
    customer_email: str
    shipping_address: dict[str, Any]
    metadata: dict[str, Any]
    held_until: datetime | None
    canceled_because: str | None
    created_at: datetime
    updated_at: datetime
    lines: list[OrderLine]
    charges: list[OrderCharge]
