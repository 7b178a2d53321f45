"""What goes over the wire: products, in requests, files and responses."""

from decimal import Decimal
from typing import Annotated, Any, Literal

from django.conf import settings
from msgspec import UNSET, Meta, Struct, UnsetType

from apps.products.catalogue import create_product, update_product
from apps.products.models import Delta, Product, ProductQuerySet, Quantity
from monoservices.api.pagination import DEFAULT_LIMIT, Cursor, Limit
from monoservices.api.serializers import StructSerializer
from monoservices.api.types import (
    MOST_IDS,
    Ids,
    Moment,
    Money,
    Name,
    SearchText,
    Sku,
    Text,
    ids_in,
    money,
)

Skus = Annotated[list[Sku], Meta(min_length=1, max_length=MOST_IDS)]


# What clients say about a product is declared here, once: ProductIn and ProductRow inherit it.
class ProductChanges(Struct, forbid_unknown_fields=True, kw_only=True):
    """What to change of a product. Stock has a route of its own."""

    sku: Sku | UnsetType = UNSET
    name: Name | UnsetType = UNSET
    price: Money | UnsetType = UNSET
    description: Text | UnsetType = UNSET
    is_active: bool | UnsetType = UNSET


class ProductIn(ProductChanges, kw_only=True):
    """A product to create. Without a SKU, Tradepost generates one."""

    name: Name
    price: Money
    stock_quantity: Quantity | UnsetType = UNSET


class ProductRow(ProductIn, kw_only=True):
    """A row of an imported file. A product that exists keeps what is UNSET.

    `stock_quantity` is what can be sold, `on_hand` a count of the shelf. An export has both, and
    `committed_quantity`, which no file sets.
    """

    sku: Sku
    stock_quantity: Delta | UnsetType = UNSET
    committed_quantity: Quantity | UnsetType = UNSET
    on_hand: Quantity | UnsetType = UNSET


class ProductOut(Struct, kw_only=True):
    """A product in a response or an export.

    `stock_quantity` can be sold, `committed_quantity` is promised to orders and not yet shipped,
    and their sum is `on_hand`.
    """

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
            committed_quantity=instance.committed_quantity,
            on_hand=instance.on_hand,
            is_active=instance.is_active,
            created_at=instance.created_at,
            updated_at=instance.updated_at,
        )

    def create(self, validated_data: dict[str, Any]) -> Product:
        return create_product(**validated_data)

    def update(self, instance: Product, validated_data: dict[str, Any]) -> Product:
        return update_product(product_id=instance.pk, **validated_data)


class AvailabilityQuery(Struct, forbid_unknown_fields=True, kw_only=True):
    """The query string of the availability of products."""

    ids: Ids


class AvailabilityOut(Struct):
    """How many units of a product can be ordered now, and for how much each."""

    id: int
    available: int
    price: Decimal
    currency: str


class Availability(Struct):
    """The availability of products."""

    results: list[AvailabilityOut]


class ProductFilters(Struct, forbid_unknown_fields=True, kw_only=True):
    """The query string of an export of products."""

    search: SearchText | UnsetType = UNSET
    ids: Ids | UnsetType = UNSET
    sku: Skus | UnsetType = UNSET
    price_min: Money | UnsetType = UNSET
    price_max: Money | UnsetType = UNSET
    in_stock: bool | UnsetType = UNSET
    is_active: bool | UnsetType = UNSET
    updated_after: Moment | UnsetType = UNSET

    def find(self) -> ProductQuerySet:
        """The products that match."""
        conditions: dict[str, Any] = {
            "pk__in": self.ids if self.ids is UNSET else ids_in(self.ids),
            "sku__in": self.sku,
            "price__gte": self.price_min if self.price_min is UNSET else money(self.price_min),
            "price__lte": self.price_max if self.price_max is UNSET else money(self.price_max),
            "is_active": self.is_active,
            "updated_at__gt": self.updated_after,
        }
        if self.in_stock is not UNSET:
            conditions["stock_quantity__gt" if self.in_stock else "stock_quantity__lte"] = 0
        given = {field: value for field, value in conditions.items() if value is not UNSET}
        products = Product.objects.filter(**given)
        return products.named_like(self.search) if self.search else products


class ProductQuery(ProductFilters, kw_only=True):
    """The query string of the list of products."""

    ordering: Literal["id", "-id", "name", "-name", "price", "-price"] = "id"
    limit: Limit = DEFAULT_LIMIT
    cursor: Cursor | UnsetType = UNSET
