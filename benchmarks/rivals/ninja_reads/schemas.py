from datetime import datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from ninja import Field, ModelSchema, Schema

from benchmarks.rivals.drf_reads.models import Product


class ProductOut(ModelSchema):
    currency: str
    on_hand: int

    class Meta:
        model = Product
        fields = (
            "id",
            "sku",
            "name",
            "description",
            "price",
            "stock_quantity",
            "committed_quantity",
            "is_active",
            "created_at",
            "updated_at",
        )

    @staticmethod
    def resolve_currency(product: Product) -> str:
        currency: str = settings.CURRENCY
        return currency


class AvailabilityOut(Schema):
    id: int
    available: int = Field(alias="stock_quantity")
    price: Decimal
    currency: str

    @staticmethod
    def resolve_currency(product: Product) -> str:
        currency: str = settings.CURRENCY
        return currency


class Availability(Schema):
    results: list[AvailabilityOut]


class OrderLineOut(Schema):
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


class OrderChargeOut(Schema):
    type: str
    label: str
    amount: Decimal
    tax_rate: Decimal | None
    tax_amount: Decimal | None


class OrderOut(Schema):
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
    lines: list[OrderLineOut]
    charges: list[OrderChargeOut] = Field(alias="rows_of_charges")
    held_until: datetime | None
    canceled_because: str | None
    created_at: datetime
    updated_at: datetime
