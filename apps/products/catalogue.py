"""Creating, changing and archiving products."""

from datetime import datetime
from decimal import Decimal

from django.db import IntegrityError, transaction
from msgspec import UNSET, UnsetType

from apps.products.exceptions import OutOfStock, SkuExists
from apps.products.models import Product, StockMovement, generate_sku
from apps.products.stock.movements import record_movement, set_stock
from monoservices.api.types import money
from monoservices.database.engines import engine
from monoservices.services.scopes import COMMAND_LINE


def create_product(
    *,
    name: str,
    description: str = "",
    price: Decimal | str,
    stock_quantity: int = 0,
    sku: str = "",
    low_stock_at: int | None = None,
    is_active: bool = True,
    actor: str = COMMAND_LINE,
    at: datetime | None = None,
) -> Product:
    """Create a product; its stock enters the ledger as `received`.

    price: in the shop's currency, with two decimal places. sku: generated where it is empty.
    at: the moment it happened; now if it is None.
    Raises SkuExists.
    """
    at = at or engine().now()
    product = Product(
        sku=sku or generate_sku(),
        name=name,
        description=description,
        price=money(str(price)),
        stock_quantity=stock_quantity,
        low_stock_at=low_stock_at,
        is_active=is_active,
        created_at=at,
        updated_at=at,
    )
    with transaction.atomic():
        _save(product)
        if stock_quantity:
            record_movement(
                product=product,
                delta=stock_quantity,
                reason=StockMovement.Reason.RECEIVED,
                actor=actor,
                at=at,
            )
    return product


def update_product(
    *,
    product_id: int,
    name: str | UnsetType = UNSET,
    description: str | UnsetType = UNSET,
    price: Decimal | str | UnsetType = UNSET,
    stock_quantity: int | UnsetType = UNSET,
    sku: str | UnsetType = UNSET,
    low_stock_at: int | UnsetType | None = UNSET,
    is_active: bool | UnsetType = UNSET,
    actor: str = COMMAND_LINE,
) -> Product:
    """Set what is passed, zero and the empty string included. UNSET leaves a field unchanged.

    A change of stock sets what can be sold, and enters the ledger as `counted`.
    Raises ProductNotFound, SkuExists, OutOfStock, StockBeyondBounds.
    """
    changes = {
        "name": name,
        "description": description,
        "price": price if price is UNSET else money(str(price)),
        "sku": sku,
        "low_stock_at": low_stock_at,
        "is_active": is_active,
    }
    with transaction.atomic():
        product = Product.objects.lock().with_id(product_id)
        for field, value in changes.items():
            if value is not UNSET:
                setattr(product, field, value)
        before = product.stock_quantity
        if stock_quantity is not UNSET:
            if stock_quantity < 0:
                raise OutOfStock(errors={"stock_quantity": ["No fewer than 0 can be sold."]})
            set_stock(product, stock_quantity, path="stock_quantity")
        delta = product.stock_quantity - before
        product.updated_at = engine().now()
        _save(product)
        if delta:
            record_movement(
                product=product,
                delta=delta,
                reason=StockMovement.Reason.COUNTED,
                actor=actor,
                at=product.updated_at,
            )
    return product


def archive_product(*, product_id: int) -> Product:
    """Stop selling a product. Its stock and its history stay. Raises ProductNotFound."""
    return update_product(product_id=product_id, is_active=False)


def _save(product: Product) -> None:
    try:
        with transaction.atomic():
            product.save()
    except IntegrityError:
        if Product.objects.filter(sku=product.sku).exclude(pk=product.pk).exists():
            raise SkuExists(errors={"sku": [f"{product.sku} is taken."]}) from None
        raise
