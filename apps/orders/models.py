"""Orders, their lines and their history."""

from decimal import Decimal
from typing import Self

from django.db import models
from django.db.models import Q

MAX_TOTAL = Decimal("999999999999.99")
MAX_PRICE = Decimal("99999999.99")
MAX_QUANTITY = 1_000_000
MAX_LINES = 2_000


class OrderQuerySet(models.QuerySet["Order"]):
    def visible_to(self, client_id: int, *, manages: bool) -> Self:
        """The client's own orders; all of them for who manages orders."""
        return self if manages else self.filter(client_id=client_id)

    def with_lines(self) -> Self:
        """With the lines of all orders, in one further statement."""
        return self.prefetch_related("lines")

    def with_product(self, product_id: int) -> Self:
        """Orders that have a line of the product."""
        lines = OrderLine.objects.filter(product_id=product_id, order=models.OuterRef("pk"))
        return self.filter(models.Exists(lines))


class Order(models.Model):
    """What a client ordered. Personal data are here and in no other table."""

    class Status(models.TextChoices):
        PENDING = "pending"
        SHIPPED = "shipped"
        DELIVERED = "delivered"
        CANCELED = "canceled"

    client = models.ForeignKey(
        "accounts.Client", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    status = models.CharField(max_length=9, choices=Status, default=Status.PENDING)
    currency = models.CharField(max_length=3)
    total = models.DecimalField(max_digits=14, decimal_places=2)
    reference = models.CharField(max_length=100, blank=True)
    customer_email = models.CharField(max_length=254, blank=True)
    shipping_address = models.JSONField(default=dict, blank=True)
    metadata = models.JSONField(default=dict, blank=True)
    idempotency_key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    first_answer = models.TextField()
    version = models.IntegerField(default=1)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    objects = OrderQuerySet.as_manager()

    class Meta:
        ordering = ("-pk",)
        indexes = (
            models.Index(fields=("client", "id"), name="order_by_client"),
            models.Index(fields=("status", "id"), name="order_by_status"),
            models.Index(
                fields=("reference",), name="order_by_reference", condition=~Q(reference="")
            ),
            models.Index(
                fields=("customer_email",), name="order_by_email", condition=~Q(customer_email="")
            ),
            models.Index(fields=("created_at",), name="order_by_created_at"),
            models.Index(fields=("updated_at",), name="order_by_updated_at"),
        )
        constraints = (
            models.UniqueConstraint(
                name="order_once_per_key", fields=("client", "idempotency_key")
            ),
            models.CheckConstraint(name="order_key_not_empty", condition=~Q(idempotency_key="")),
            models.CheckConstraint(
                name="order_status_known",
                condition=Q(status__in=("pending", "shipped", "delivered", "canceled")),
            ),
            models.CheckConstraint(
                name="order_total_in_bounds", condition=Q(total__gte=0, total__lte=MAX_TOTAL)
            ),
            models.CheckConstraint(name="order_version_positive", condition=Q(version__gte=1)),
        )

    def __str__(self) -> str:
        first, *others = [line.product_name for line in self.lines.all()] or ["nothing"]
        more = f" and {len(others)} more" if others else ""
        return f"Order #{self.pk} - {first}{more}"

    @classmethod
    def create_order(cls, product_name: str, quantity: int) -> "Order | None":
        """Place an order by a product's name; see `operations.create_order`."""
        from apps.orders.operations import create_order

        return create_order(product_name=product_name, quantity=quantity)

    def update_order(
        self,
        quantity: int | None = None,
        status: str | None = None,
        product_id: int | None = None,
    ) -> "Order":
        """Change what is passed; see `operations.update_order`."""
        from apps.orders.operations import update_order

        update_order(order_id=self.pk, quantity=quantity, status=status, product_id=product_id)
        self.refresh_from_db()
        return self


class OrderLine(models.Model):
    """One product of an order, with name, SKU and price as they were when it was ordered."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="lines", db_index=False)
    product = models.ForeignKey("products.Product", on_delete=models.PROTECT, related_name="+")
    sku = models.CharField(max_length=100)
    product_name = models.CharField(max_length=255)
    unit_price = models.DecimalField(max_digits=10, decimal_places=2)
    quantity = models.IntegerField()

    class Meta:
        ordering = ("pk",)
        constraints = (
            models.UniqueConstraint(
                name="line_once_per_price", fields=("order", "product", "unit_price")
            ),
            models.CheckConstraint(
                name="line_quantity_in_bounds",
                condition=Q(quantity__gte=1, quantity__lte=MAX_QUANTITY),
            ),
            models.CheckConstraint(
                name="line_price_in_bounds",
                condition=Q(unit_price__gte=0, unit_price__lte=MAX_PRICE),
            ),
        )

    def __str__(self) -> str:
        return f"{self.quantity} × {self.product_name}"


class OrderEvent(models.Model):
    """One thing that happened to an order. Rows are only ever added."""

    class Type(models.TextChoices):
        PLACED = "placed"
        CHANGED = "changed"
        SHIPPED = "shipped"
        DELIVERED = "delivered"
        CANCELED = "canceled"

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="events")
    type = models.CharField(max_length=9, choices=Type)
    from_status = models.CharField(max_length=9, blank=True)
    to_status = models.CharField(max_length=9)
    actor = models.CharField(max_length=200)
    data = models.JSONField(default=dict)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ("pk",)
        constraints = (
            models.CheckConstraint(
                name="event_is_legal",
                condition=Q(type="placed", from_status="", to_status="pending")
                | Q(type="changed", from_status="pending", to_status="pending")
                | Q(type="shipped", from_status="pending", to_status="shipped")
                | Q(type="delivered", from_status="shipped", to_status="delivered")
                | Q(type="canceled", from_status="pending", to_status="canceled"),
            ),
            models.UniqueConstraint(
                # An order is placed, shipped, delivered and canceled at most once.
                name="event_once",
                fields=("order", "type"),
                condition=~Q(type="changed"),
            ),
        )

    def __str__(self) -> str:
        return f"{self.type} by {self.actor}"
