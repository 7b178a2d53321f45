"""The catalogue and the stock ledger."""

import re
import secrets
from decimal import Decimal
from typing import Annotated, Self

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from msgspec import UNSET, Meta

from apps.products.bounds import check, longest, sum_check, validators
from apps.products.exceptions import ProductNotFound
from apps.products.names import FoldedField, named_like
from apps.products.steps import LEGAL_STEPS
from monoservices.api.types import EXPLANATIONS, MAX_INTEGER, NO_NUL, SKU, Name, Sku, Text
from monoservices.database.stored_requests import StoredRequest

# The bounds of fields. The tables, the forms and the API all take them from here.
Quantity = Annotated[int, Meta(ge=0, le=MAX_INTEGER)]
Delta = Annotated[int, Meta(ge=-MAX_INTEGER, le=MAX_INTEGER)]
Note = Annotated[str, Meta(max_length=500, pattern=NO_NUL)]
MAX_SKU = longest(Sku)
MAX_PRICE = Decimal("99999999.99")


def generate_sku() -> str:
    """A SKU for a product that came without one, from 50 random bits."""
    return f"P-{secrets.randbits(50):013X}"


def validate_sku(sku: str) -> None:
    """For forms. Raises ValidationError."""
    if not re.search(SKU, sku):
        raise ValidationError(EXPLANATIONS[SKU])


class ProductQuerySet(models.QuerySet["Product"]):
    def named_like(self, text: str) -> Self:
        """Products whose name contains `text`, in any case."""
        return named_like(self, text)

    def with_id(self, product_id: int) -> "Product":
        """The product with this id. Raises ProductNotFound."""
        product = self.filter(pk=product_id).first()
        if product is None:
            raise ProductNotFound
        return product

    def lock(self) -> Self:
        """The products in id order, locked until the transaction ends."""
        return self.order_by("pk").select_for_update(no_key=True)


class Product(models.Model):
    """Something that customers can order. A product is archived, never deleted."""

    sku = models.CharField(
        "SKU", max_length=MAX_SKU, unique=True, default=generate_sku, validators=[validate_sku]
    )
    name = models.CharField(max_length=longest(Name))
    folded_name = FoldedField(source="name")
    description = models.TextField(blank=True, max_length=longest(Text))
    price = models.DecimalField(
        max_digits=10,
        decimal_places=2,
        validators=[MinValueValidator(0), MaxValueValidator(MAX_PRICE)],
    )
    # What can be sold. Counts and corrections take it below zero where units that are promised are
    # not there; a sale never does.
    stock_quantity = models.IntegerField("stock", default=0, validators=validators(Quantity))
    # Units of placed orders that are neither shipped nor canceled.
    committed_quantity = models.IntegerField("committed", default=0, db_default=0, editable=False)
    low_stock_at = models.IntegerField(null=True, blank=True, validators=validators(Quantity))
    is_active = models.BooleanField("on sale", default=True)
    # Operations set both by the database's clock, when they have the product's lock.
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = ProductQuerySet.as_manager()

    class Meta:
        ordering = ("pk",)
        indexes = (
            models.Index(fields=("name", "id"), name="product_by_name"),
            models.Index(fields=("price", "id"), name="product_by_price"),
        )
        constraints = (
            models.CheckConstraint(name="product_sku_not_empty", condition=~Q(sku="")),
            models.CheckConstraint(name="product_name_not_empty", condition=~Q(name="")),
            models.CheckConstraint(
                name="product_price_in_bounds", condition=Q(price__gte=0, price__lte=MAX_PRICE)
            ),
            check("product_committed_in_bounds", "committed_quantity", Quantity),
            # With the one above, this also keeps what can be sold within its column.
            sum_check(
                "product_on_hand_in_bounds", ("stock_quantity", "committed_quantity"), Quantity
            ),
            check("product_low_stock_at_in_bounds", "low_stock_at", Quantity, optional=True),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def on_hand(self) -> int:
        """What lies on the shelf."""
        return self.stock_quantity + self.committed_quantity

    @classmethod
    def create_product(
        cls, name: str, description: str, price: Decimal | str, stock_quantity: int
    ) -> "Product":
        """Create a product. Its stock enters the ledger."""
        from apps.products.catalogue import create_product

        return create_product(
            name=name, description=description, price=price, stock_quantity=stock_quantity
        )

    def update_product(
        self,
        name: str | None = None,
        description: str | None = None,
        price: Decimal | str | None = None,
        stock_quantity: int | None = None,
    ) -> "Product":
        """Set what is passed, zero and the empty string included. None leaves a field unchanged."""
        from apps.products.catalogue import update_product

        update_product(
            product_id=self.pk,
            name=UNSET if name is None else name,
            description=UNSET if description is None else description,
            price=UNSET if price is None else price,
            stock_quantity=UNSET if stock_quantity is None else stock_quantity,
        )
        self.refresh_from_db()
        return self


class StockMovement(models.Model):
    """A row of the append-only ledger, which moves two quantities of a product.

    What can be sold is the sum of `delta`, and what is committed the sum of `committed_delta`. Rows
    from before there were two quantities have no `committed_delta`, which counts as 0.
    """

    class Reason(models.TextChoices):
        RECEIVED = "received"
        SOLD = "sold"
        RELEASED = "released"
        SHIPPED = "shipped"
        RETURNED = "returned"
        COUNTED = "counted"
        CORRECTED = "corrected"
        # A pending order from before there were two quantities.
        OPENED = "opened"

    product = models.ForeignKey(
        Product, on_delete=models.PROTECT, related_name="movements", db_index=False
    )
    delta = models.IntegerField()
    quantity_after = models.IntegerField()
    committed_delta = models.IntegerField(null=True)
    committed_after = models.IntegerField(null=True)
    reason = models.CharField(max_length=10, choices=Reason)
    reference = models.CharField(max_length=100, blank=True, default="")
    revision = models.IntegerField(default=0)
    # NULL, not empty, without a key: a unique constraint allows any number of NULLs.
    idempotency_key = models.CharField(max_length=300, null=True, blank=True)  # noqa: DJ001
    actor = models.CharField(max_length=200)
    note = models.CharField(max_length=longest(Note), blank=True, default="")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ("-pk",)
        indexes = (models.Index(fields=("product", "id"), name="movement_by_product"),)
        constraints = (
            models.UniqueConstraint(
                name="movement_once_per_revision",
                fields=("reference", "product", "reason", "revision"),
                condition=~Q(reference=""),
            ),
            models.UniqueConstraint(
                name="movement_once_per_key", fields=("product", "idempotency_key")
            ),
            models.CheckConstraint(name="movement_is_legal", condition=LEGAL_STEPS),
            check("movement_after_in_bounds", "quantity_after", Delta),
            check("movement_committed_in_bounds", "committed_after", Quantity, optional=True),
            models.CheckConstraint(
                name="movement_sale_leaves_stock",
                condition=~Q(reason="sold") | Q(quantity_after__gte=0),
            ),
            sum_check(
                "movement_on_hand_in_bounds", ("quantity_after", "committed_after"), Quantity
            ),
        )

    def __str__(self) -> str:
        return f"{self.delta or self.committed_delta or 0:+} {self.reason}"

    @property
    def on_hand_after(self) -> int:
        """What lay on the shelf. Of rows without a second quantity: what was to sell."""
        return self.quantity_after + (self.committed_after or 0)

    @property
    def on_hand_before(self) -> int:
        return self.on_hand_after - self.delta - (self.committed_delta or 0)

    @property
    def missing(self) -> int:
        """Units that were promised and not there."""
        return max(0, -self.quantity_after)


class StockRequest(models.Model):
    """The response to a request for many movements, kept for retries with the same key."""

    idempotency_key = models.CharField(max_length=300, unique=True)
    fingerprint = models.CharField(max_length=64)
    answer = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return self.idempotency_key


class ProductRequest(StoredRequest):
    """A request that created something here, with its answer."""
