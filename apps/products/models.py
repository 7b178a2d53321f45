"""The catalogue and the stock ledger."""

import secrets
import unicodedata
from decimal import Decimal
from typing import Any, Self

from django.db import models
from django.db.models import Q, Value
from django.db.models.functions import StrIndex
from django.utils import timezone
from msgspec import UNSET

from monoservices.api.types import MAX_INTEGER

MAX_PRICE = Decimal("99999999.99")
LETTERS = 3
"""The least that PostgreSQL's index on names can look up."""
BEGINNING = 4
"""How many letters of each of several words are looked up: for three words in the million names of
`benchmarks.reads`, 1.4 ms instead of 2.3 for the whole of them."""


def generate_sku() -> str:
    """A SKU for a product that came without one: 50 random bits."""
    return f"P-{secrets.randbits(50):013X}"


def fold(text: str) -> str:
    """`text` for comparing in any case and any Unicode spelling, alike on every database."""
    return unicodedata.normalize("NFKC", text).casefold()


class FoldedField(models.TextField):  # type: ignore[type-arg]  # it is set from another field
    """Another field's text, folded for searching; set whenever a row is saved."""

    def __init__(self, *, source: str, **kwargs: Any) -> None:
        self.source = source
        super().__init__(editable=False, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        kwargs.pop("editable")
        return name, path, args, kwargs | {"source": self.source}

    def pre_save(self, model_instance: models.Model, add: bool) -> str:
        folded = fold(getattr(model_instance, self.source))
        setattr(model_instance, self.attname, folded)
        return folded


class ProductQuerySet(models.QuerySet["Product"]):
    def named_like(self, text: str) -> Self:
        """Products whose name contains `text`, in any case.

        PostgreSQL's index lists names by three letters each. Of a text of several words, only the
        beginnings of words are looked up, and the whole is compared with what is found: to look at
        a few more names costs less than to read the lists of all letters.
        """
        folded = fold(text)
        words = [word for word in folded.split() if len(word) >= LETTERS]
        if words in ([], [folded]):
            return self.filter(folded_name__contains=folded)
        beginnings = {word[:BEGINNING] for word in words}
        found = self.alias(position=StrIndex("folded_name", Value(folded))).filter(position__gt=0)
        for part in sorted(beginnings) if len(beginnings) > 1 else words:
            found = found.filter(folded_name__contains=part)
        return found

    def lock(self) -> Self:
        """In the order of their ids, locked until the transaction ends."""
        return self.order_by("pk").select_for_update(no_key=True)


class Product(models.Model):
    """Something that can be ordered. It is archived when it is no longer sold, never deleted."""

    sku = models.CharField(max_length=100, unique=True, default=generate_sku)
    name = models.CharField(max_length=255)
    folded_name = FoldedField(source="name")
    description = models.TextField(blank=True)
    price = models.DecimalField(max_digits=10, decimal_places=2)
    stock_quantity = models.IntegerField(default=0)
    low_stock_at = models.IntegerField(null=True, blank=True)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

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
            models.CheckConstraint(
                name="product_stock_in_bounds",
                condition=Q(stock_quantity__gte=0, stock_quantity__lte=MAX_INTEGER),
            ),
            models.CheckConstraint(
                name="product_low_stock_at_in_bounds",
                condition=Q(low_stock_at__isnull=True)
                | Q(low_stock_at__gte=0, low_stock_at__lte=MAX_INTEGER),
            ),
        )

    def __str__(self) -> str:
        return self.name

    @classmethod
    def create_product(
        cls, name: str, description: str, price: Decimal | str, stock_quantity: int
    ) -> "Product":
        """Create a product; see `operations.create_product`."""
        from apps.products.operations import create_product

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
        """Change what is passed, zero and the empty string included; None leaves as it is."""
        from apps.products.operations import update_product

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
    """One change of a product's stock. Rows are only ever added; stock is their sum."""

    class Reason(models.TextChoices):
        RECEIVED = "received"
        SOLD = "sold"
        RELEASED = "released"
        RETURNED = "returned"
        COUNTED = "counted"
        CORRECTED = "corrected"

    product = models.ForeignKey(
        Product, on_delete=models.PROTECT, related_name="movements", db_index=False
    )
    delta = models.IntegerField()
    quantity_after = models.IntegerField()
    reason = models.CharField(max_length=10, choices=Reason)
    reference = models.CharField(max_length=100, blank=True, default="")
    revision = models.IntegerField(default=0)
    # NULL where there is none: only then are any number of them unique.
    idempotency_key = models.CharField(max_length=300, null=True, blank=True)  # noqa: DJ001
    actor = models.CharField(max_length=200)
    note = models.CharField(max_length=500, blank=True, default="")
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
                name="movement_once_per_key",
                fields=("product", "idempotency_key"),
            ),
            models.CheckConstraint(
                # A count that confirms what was there is worth a row, and makes its key known.
                name="movement_moves",
                condition=~Q(delta=0) | Q(reason="counted"),
            ),
            models.CheckConstraint(
                name="movement_after_in_bounds",
                condition=Q(quantity_after__gte=0, quantity_after__lte=MAX_INTEGER),
            ),
            models.CheckConstraint(
                name="movement_reason_known",
                condition=Q(
                    reason__in=("received", "sold", "released", "returned", "counted", "corrected")
                ),
            ),
        )

    def __str__(self) -> str:
        return f"{self.delta:+} {self.reason}"


class StockRequest(models.Model):
    """A request for many movements that came with an idempotency key, and its answer."""

    idempotency_key = models.CharField(max_length=300, unique=True)
    fingerprint = models.CharField(max_length=64)
    answer = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return self.idempotency_key
