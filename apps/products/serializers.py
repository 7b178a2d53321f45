"""What goes over the wire: products, and the movements of their stock."""

from decimal import Decimal
from typing import Annotated, Any, Literal

from django.conf import settings
from msgspec import UNSET, Meta, Struct, UnsetType
from rest_framework import serializers

from apps.products.models import Product, ProductQuerySet, StockMovement
from monoservices.api.pagination import DEFAULT_LIMIT, Cursor, Limit
from monoservices.api.serializers import ForbidUnknownFields, StructSerializer, WholeNumberField
from monoservices.api.types import MAX_INTEGER, Moment, Money, Name, SearchText, Sku, Text, money


class ProductIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """A product to create; the SKU is generated where none is given."""

    name: Name
    price: Money
    description: Text | UnsetType = UNSET
    stock_quantity: Annotated[int, Meta(ge=0, le=MAX_INTEGER)] | UnsetType = UNSET
    sku: Sku | UnsetType = UNSET
    is_active: bool | UnsetType = UNSET


class ProductChanges(Struct, forbid_unknown_fields=True, kw_only=True):
    """What to change of a product. Stock has a route of its own."""

    name: Name | UnsetType = UNSET
    price: Money | UnsetType = UNSET
    description: Text | UnsetType = UNSET
    sku: Sku | UnsetType = UNSET
    is_active: bool | UnsetType = UNSET


class ProductOut(Struct, kw_only=True):
    """A product as it is answered."""

    id: int
    sku: str
    name: str
    description: str
    price: Decimal
    currency: str
    stock_quantity: int
    is_active: bool
    created_at: Moment
    updated_at: Moment


class ProductSerializer(StructSerializer):
    """A product, in and out."""

    struct = ProductIn
    partial_struct = ProductChanges

    @classmethod
    def represent(cls, instance: Product) -> ProductOut:
        return ProductOut(
            id=instance.pk,
            sku=instance.sku,
            name=instance.name,
            description=instance.description,
            price=instance.price,
            currency=settings.CURRENCY,
            stock_quantity=instance.stock_quantity,
            is_active=instance.is_active,
            created_at=instance.created_at,
            updated_at=instance.updated_at,
        )

    def create(self, validated_data: dict[str, Any]) -> Product:
        from apps.products.operations import create_product

        return create_product(**validated_data)

    def update(self, instance: Product, validated_data: dict[str, Any]) -> Product:
        from apps.products.operations import update_product

        return update_product(product_id=instance.pk, **validated_data)


class ProductFilters(Struct, forbid_unknown_fields=True, kw_only=True):
    """The query string of an export of products."""

    search: SearchText | UnsetType = UNSET
    sku: Sku | UnsetType = UNSET
    price_min: Money | UnsetType = UNSET
    price_max: Money | UnsetType = UNSET
    in_stock: bool | UnsetType = UNSET
    is_active: bool | UnsetType = UNSET
    updated_after: Moment | UnsetType = UNSET

    def find(self) -> ProductQuerySet:
        """The products that it asks for."""
        products = Product.objects.filter(**self._conditions())
        return products.named_like(self.search) if self.search else products

    def _conditions(self) -> dict[str, Any]:
        conditions: dict[str, Any] = {
            "sku": self.sku,
            "price__gte": self.price_min if self.price_min is UNSET else money(self.price_min),
            "price__lte": self.price_max if self.price_max is UNSET else money(self.price_max),
            "is_active": self.is_active,
            "updated_at__gt": self.updated_after,
        }
        if self.in_stock is not UNSET:
            conditions["stock_quantity__gt" if self.in_stock else "stock_quantity"] = 0
        return {field: value for field, value in conditions.items() if value is not UNSET}


class ProductQuery(ProductFilters, kw_only=True):
    """The query string of the list of products."""

    ordering: Literal["id", "-id", "name", "-name", "price", "-price"] = "id"
    limit: Limit = DEFAULT_LIMIT
    cursor: Cursor | UnsetType = UNSET


class MovementQuery(Struct, forbid_unknown_fields=True, kw_only=True):
    """The query string of the list of a product's movements, newest first."""

    limit: Limit = DEFAULT_LIMIT
    cursor: Cursor | UnsetType = UNSET


class StockAdjustmentSerializer(ForbidUnknownFields):
    """A change of stock: `{delta, reason, note}`, or `{counted, note}` after counting.

    A plain DRF serializer: this route is not hot, and forms like this are what DRF's fields are
    good at.
    """

    delta = WholeNumberField(required=False, min_value=-MAX_INTEGER, max_value=MAX_INTEGER)
    reason = serializers.ChoiceField(required=False, choices=["received", "returned", "corrected"])
    counted = WholeNumberField(required=False, min_value=0, max_value=MAX_INTEGER)
    note = serializers.CharField(required=False, allow_blank=True, max_length=500, default="")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("delta" in attrs) == ("counted" in attrs):
            raise serializers.ValidationError({"delta": ["Send either delta or counted."]})
        if ("delta" in attrs) != ("reason" in attrs):
            raise serializers.ValidationError({"reason": ["A delta needs a reason, a count none."]})
        if attrs.get("delta") == 0:
            raise serializers.ValidationError({"delta": ["A delta of 0 moves nothing."]})
        return attrs


class MovementSerializer(serializers.Serializer):  # type: ignore[type-arg]  # read-only
    """One row of the ledger, as it is answered."""

    id = serializers.IntegerField()
    product_id = serializers.IntegerField()
    delta = serializers.IntegerField()
    quantity_after = serializers.IntegerField()
    reason = serializers.ChoiceField(choices=StockMovement.Reason.choices)
    reference = serializers.CharField(allow_blank=True)
    note = serializers.CharField(allow_blank=True)
    actor = serializers.CharField()
    created_at = serializers.DateTimeField()
