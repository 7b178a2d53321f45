"""Orders, their lines and their history."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Self

from django.db import models
from django.db.models import Q

from apps.orders.constraints import OF_CHARGES, OF_EVENTS, OF_LINES, OF_ORDERS
from apps.orders.fulfilment.models import (
    Cancellation,
    Delivery,
    Return,
    ReturnLine,
    ReturnReason,
    Shipment,
    ShipmentLine,
    Tracking,
)
from apps.orders.money import needing_refund, with_payment_status
from monoservices.database.json_rows import Values, json_rows, load_rows

__all__ = [
    "Cancellation",
    "Delivery",
    "Order",
    "OrderCharge",
    "OrderEvent",
    "OrderLine",
    "OrderQuerySet",
    "Return",
    "ReturnLine",
    "ReturnReason",
    "Shipment",
    "ShipmentLine",
    "Tracking",
]


class OrderQuerySet(models.QuerySet["Order"]):
    def visible_to(self, client_id: int, *, manages: bool) -> Self:
        """The client's own orders; every order for a caller that manages orders."""
        return self if manages else self.filter(client_id=client_id)

    def with_lines(self) -> Self:
        """Read the lines and charges too, in the same statement, as they were at that moment.

        Not for orders that the statement locks; see `json_rows`. For an order without charges, the
        database looks for none.
        """
        belonging = "order_id = orders_order.id"
        charged = "orders_order.charges_total IS NOT NULL"
        return self.annotate(
            lines_as_json=json_rows(OrderLine, belonging=belonging),
            charges_as_json=json_rows(OrderCharge, belonging=belonging, only_if=charged),
        )

    def held(self, held: bool) -> Self:
        """Orders that are held: pending and not firm. Every other order where `held` is false."""
        are_held = Q(status="pending", held_until__isnull=False)
        return self.filter(are_held) if held else self.exclude(are_held)

    def with_product(self, product_id: int) -> Self:
        """Orders with a line of this product."""
        lines = OrderLine.objects.filter(product_id=product_id, order=models.OuterRef("pk"))
        return self.filter(models.Exists(lines))

    def shipped_after(self, moment: datetime) -> Self:
        """Orders of which something was shipped after this moment."""
        shipments = Shipment.objects.filter(order=models.OuterRef("pk"), created_at__gt=moment)
        return self.filter(models.Exists(shipments))

    def with_payment_status(self, status: str) -> Self:
        """Orders whose answer says this `payment_status`."""
        return self.filter(with_payment_status(status))

    def needing_refund(self, needs: bool = True) -> Self:
        """Orders for which more is paid than is due, or the others."""
        condition = needing_refund()
        return self.filter(condition) if needs else self.filter(Q(paid=None) | ~condition)


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
    charges_total = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    """The sum of the charges, which is a part of the total; None where there are none."""
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
    # Payments minus refunds; null where nobody has kept payments of the order.
    paid = models.DecimalField(max_digits=15, decimal_places=2, null=True, blank=True)
    # The sum of the credits of its returns, which lowers what is due.
    credited = models.DecimalField(max_digits=14, decimal_places=2, default=0, db_default=0)
    # Whether something was shipped of it, and something is open.
    partly_shipped = models.BooleanField(default=False, db_default=False)
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
            models.Index(
                fields=("id",), name="order_partly_shipped", condition=Q(partly_shipped=True)
            ),
        )
        constraints = OF_ORDERS

    def __str__(self) -> str:
        first, *others = [line.product_name for line in self.lines.all()] or ["nothing"]
        more = f" and {len(others)} more" if others else ""
        return f"Order #{self.pk} - {first}{more}"

    def own_charges(self) -> "Iterable[OrderCharge]":
        """The charges; no statement where there are none."""
        return () if self.charges_total is None else self.charges.all()

    @property
    def is_held(self) -> bool:
        """Whether its stock may be taken back after `held_until`."""
        return self.status == self.Status.PENDING and self.held_until is not None

    def _set_lines(self, text: str) -> None:
        """Take the lines that `with_lines` has read."""
        self._set_rows("lines", self.lines.all(), load_rows(OrderLine, text))

    def _set_charges(self, text: str | None) -> None:
        """Take the charges that `with_lines` has read."""
        rows = [] if text is None else load_rows(OrderCharge, text)
        self._set_rows("charges", self.charges.all(), rows)

    def _set_rows(self, name: str, related: Any, rows: Iterable[Values]) -> None:
        """Set rows that belong to this order, as `prefetch_related` would set them."""
        model = related.model
        columns = [field.attname for field in model._meta.concrete_fields]
        # Django has no public way to say what was prefetched.
        related._result_cache = [  # noqa: SLF001
            model.from_db(self._state.db, columns, row) for row in rows
        ]
        vars(self).setdefault("_prefetched_objects_cache", {})[name] = related

    lines_as_json = property(fset=_set_lines)
    charges_as_json = property(fset=_set_charges)

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
    """A product of an order, with name, SKU and price as they were when it was ordered.

    quantity = open + shipped_quantity + canceled_quantity; see `fulfilment.goods`. Where the whole
    order is canceled, its status says that, and the lines stay as they are.
    """

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="lines", db_index=False)
    product = models.ForeignKey(
        "products.Product", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    sku = models.CharField(max_length=100)
    product_name = models.CharField(max_length=255)
    unit_price = models.DecimalField(max_digits=10, decimal_places=2)
    quantity = models.IntegerField()
    tax_rate = models.DecimalField(max_digits=5, decimal_places=2, null=True)
    tax_amount = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    shipped_quantity = models.IntegerField(default=0, db_default=0)
    canceled_quantity = models.IntegerField(default=0, db_default=0)
    returned_quantity = models.IntegerField(default=0, db_default=0)

    class Meta:
        ordering = ("pk",)
        indexes = (models.Index(fields=("product", "order"), name="line_by_product"),)
        constraints = OF_LINES

    def __str__(self) -> str:
        return f"{self.quantity} × {self.product_name}"


class OrderCharge(models.Model):
    """What an order costs beside its lines, as the client has sent it: shipping, a discount."""

    class Type(models.TextChoices):
        SHIPPING = "shipping"
        DISCOUNT = "discount"
        FEE = "fee"
        ROUNDING = "rounding"

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="charges")
    type = models.CharField(max_length=8, choices=Type)
    label = models.CharField(max_length=200, blank=True)
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    tax_rate = models.DecimalField(max_digits=5, decimal_places=2, null=True)
    tax_amount = models.DecimalField(max_digits=14, decimal_places=2, null=True)

    class Meta:
        ordering = ("pk",)
        constraints = OF_CHARGES

    def __str__(self) -> str:
        return f"{self.get_type_display()} {self.amount}"


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
        constraints = OF_EVENTS

    def __str__(self) -> str:
        return f"{self.type} by {self.actor}"
