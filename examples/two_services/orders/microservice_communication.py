"""Everything that orders asks of products. No other module of orders touches products."""

from dataclasses import dataclass

from products.models import Product

from monoservices.services.contracts import Columns

RELIES_ON = (Columns("products.Product", id=int, name=str),)


@dataclass(frozen=True)
class ProductSnapshot:
    id: int
    name: str


def get_products_by_name(name_filter: str | None = None) -> list[ProductSnapshot]:
    """Products whose name contains the text, in any case; without it, all. One statement."""
    products = Product.objects.order_by("pk")
    if name_filter is not None:
        products = products.filter(name__icontains=name_filter)
    return [ProductSnapshot(*row) for row in products.values_list("id", "name")]


def get_product_by_id(product_id: int) -> ProductSnapshot | None:
    """One statement."""
    row = Product.objects.filter(pk=product_id).values_list("id", "name").first()
    return ProductSnapshot(*row) if row else None
