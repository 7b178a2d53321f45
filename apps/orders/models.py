"""Orders, their lines and their history."""

from functools import reduce
from operator import or_
from typing import Any, Self

from django.db import models
from django.db.models import Q

from apps.orders.placing.rules import EVENTS, MAX_PRICE, MAX_QUANTITY, MAX_TOTAL, STATUSES
from monoservices.database.json_rows import json_rows, load_rows


class OrderQuerySet(models.QuerySet["Order"]):
    def visible_to(self, client_id: int, *, manages: bool) -> Self:
        """The client's own orders; every order for a caller that manages orders."""
        return self if manages else self.filter(client_id=client_id)

    def with_lines(self) -> Self:
        """Read the lines of the orders too, in the same statement, as they were at that moment.

        Not for orders that the statement locks; see `json_rows`.
        """
        lines = json_rows(OrderLine, belonging="order_id = orders_order.id")
        return self.annotate(lines_as_json=lines)

    def held(self, held: bool) -> Self:
        """Orders that are held: pending and not firm. Every other order where `held` is false."""
        are_held = Q(status="pending", held_until__isnull=False)
        return self.filter(are_held) if held else self.exclude(are_held)

    def with_product(self, product_id: int) -> Self:
        """Orders with a line of this product."""
        lines = OrderLine.objects.filter(product_id=product_id, order=models.OuterRef("pk"))
        return self.filter(models.Exists(lines))


class Order(models.Model):
    """What a client ordered. Personal data are in this table and in no other."""

    class Status(models.TextChoices):
        PENDING = "pending"
        SHIPPED = "shipped"
        DELIVERED = "delivered"
        CANCELED = "canceled"

    class CanceledBecause(models.TextChoices):
        REQUESTED = "requested"
        EXPIRED = "expired"

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
    held_until = models.DateTimeField(null=True, blank=True)
    # Rows from before this column was there say nothing.
    canceled_because = models.CharField(  # noqa: DJ001
        max_length=9, choices=CanceledBecause, null=True, blank=True
    )
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
            models.Index(
                fields=("held_until",),
                name="order_by_held_until",
                condition=Q(status="pending", held_until__isnull=False),
            ),
        )
        constraints = (
            models.UniqueConstraint(
                name="order_once_per_key", fields=("client", "idempotency_key")
            ),
            models.CheckConstraint(name="order_key_not_empty", condition=~Q(idempotency_key="")),
            models.CheckConstraint(name="order_status_known", condition=Q(status__in=STATUSES)),
            models.CheckConstraint(
                name="order_total_in_bounds", condition=Q(total__gte=0, total__lte=MAX_TOTAL)
            ),
            models.CheckConstraint(name="order_version_positive", condition=Q(version__gte=1)),
            models.CheckConstraint(
                name="order_held_while_it_may_be",
                condition=Q(held_until__isnull=True) | Q(status__in=("pending", "canceled")),
            ),
            models.CheckConstraint(
                name="order_canceled_because",
                condition=Q(canceled_because__isnull=True)
                | Q(status="canceled", canceled_because="requested")
                | Q(status="canceled", canceled_because="expired", held_until__isnull=False),
            ),
        )

    def __str__(self) -> str:
        first, *others = [line.product_name for line in self.lines.all()] or ["nothing"]
        more = f" and {len(others)} more" if others else ""
        return f"Order #{self.pk} - {first}{more}"

    @property
    def is_held(self) -> bool:
        """Whether its stock may be taken back after `held_until`."""
        return self.status == self.Status.PENDING and self.held_until is not None

    def _set_lines(self, text: str) -> None:
        """Take the lines that `with_lines` has read, as `prefetch_related` would set them."""
        using = self._state.db
        names = [field.attname for field in OrderLine._meta.concrete_fields]
        lines: Any = self.lines.all()
        # Django has no public way to say what was prefetched.
        lines._result_cache = [  # noqa: SLF001
            OrderLine.from_db(using, names, row) for row in load_rows(OrderLine, text)
        ]
        vars(self).setdefault("_prefetched_objects_cache", {})["lines"] = lines

    lines_as_json = property(fset=_set_lines)

    @classmethod
    def create_order(cls, product_name: str, quantity: int) -> "Order | None":
        """Place an order by a product's name; see `placing.place.create_order`."""
        from apps.orders.placing.place import create_order

        return create_order(product_name=product_name, quantity=quantity)

    def update_order(
        self,
        quantity: int | None = None,
        status: str | None = None,
        product_id: int | None = None,
    ) -> "Order":
        """Change what is passed; see `changing.update_order`."""
        from apps.orders.changing import update_order

        update_order(order_id=self.pk, quantity=quantity, status=status, product_id=product_id)
        self.refresh_from_db()
        return self


class OrderLine(models.Model):
    """A product of an order, with name, SKU and price as they were when it was ordered."""

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
    """Something that happened to an order. Rows are only ever added."""

    class Type(models.TextChoices):
        PLACED = "placed"
        CONFIRMED = "confirmed"
        CHANGED = "changed"
        SHIPPED = "shipped"
        DELIVERED = "delivered"
        CANCELED = "canceled"
        REVIVED = "revived"
        PAID = "paid"
        REFUNDED = "refunded"
        RETURNED = "returned"

    order = models.ForeignKey(
        Order, on_delete=models.PROTECT, related_name="events", db_index=False
    )
    type = models.CharField(max_length=9, choices=Type)
    from_status = models.CharField(max_length=9, blank=True)
    to_status = models.CharField(max_length=9)
    actor = models.CharField(max_length=200)
    # The order's version after the event; rows from before this column was there have none.
    version = models.IntegerField(null=True)
    data = models.JSONField(default=dict)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ("pk",)
        constraints = (
            models.CheckConstraint(
                name="event_is_legal",
                condition=reduce(
                    or_,
                    (
                        Q(type=kind, from_status=before, to_status=after)
                        for kind, steps in EVENTS.items()
                        for before, after in steps
                    ),
                ),
            ),
            models.UniqueConstraint(
                name="event_once", fields=("order", "type"), condition=Q(type="placed")
            ),
            # Its index is the one of the foreign key, too.
            models.UniqueConstraint(name="event_once_per_version", fields=("order", "version")),
        )

    def __str__(self) -> str:
        return f"{self.type} by {self.actor}"
