"""Unmanaged models of Tradepost's tables."""

from collections.abc import Iterable
from decimal import Decimal

from django.db import models


class ApiKey(models.Model):
    client_id = models.BigIntegerField()
    digest = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField()
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        managed = False
        db_table = "accounts_apikey"

    def __str__(self) -> str:
        return f"Key #{self.pk}"


class Product(models.Model):
    sku = models.CharField(max_length=100, unique=True)
    name = models.CharField(max_length=255)
    description = models.TextField(blank=True)
    price = models.DecimalField(max_digits=10, decimal_places=2)
    stock_quantity = models.IntegerField(default=0)
    committed_quantity = models.IntegerField(default=0)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        managed = False
        db_table = "products_product"

    def __str__(self) -> str:
        return self.name

    @property
    def on_hand(self) -> int:
        return self.stock_quantity + self.committed_quantity


class Order(models.Model):
    client_id = models.BigIntegerField()
    status = models.CharField(max_length=9)
    currency = models.CharField(max_length=3)
    total = models.DecimalField(max_digits=14, decimal_places=2)
    reference = models.CharField(max_length=100, blank=True)
    customer_email = models.CharField(max_length=254, blank=True)
    shipping_address = models.JSONField(default=dict)
    metadata = models.JSONField(default=dict)
    charges_total = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    held_until = models.DateTimeField(null=True)
    canceled_because = models.CharField(max_length=9, null=True)  # noqa: DJ001 - as Tradepost
    credited = models.DecimalField(max_digits=14, decimal_places=2, default=0)
    paid = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        managed = False
        db_table = "orders_order"

    def __str__(self) -> str:
        return f"Order #{self.pk}"

    @property
    def due(self) -> Decimal:
        return Decimal("0.00") if self.status == "canceled" else self.total - self.credited

    @property
    def payment_status(self) -> str | None:
        if self.paid is None:
            return None
        if self.paid > self.due:
            return "overpaid"
        if self.paid == self.due and self.status != "canceled":
            return "paid"
        return "partly_paid" if self.paid else "unpaid"

    @property
    def needs_refund(self) -> bool:
        return self.payment_status == "overpaid"

    @property
    def rows_of_charges(self) -> "Iterable[OrderCharge]":
        """The charges. An order without any costs no statement, as in Tradepost."""
        return () if self.charges_total is None else self.charges.all()


class OrderLine(models.Model):
    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="lines")
    product = models.ForeignKey(Product, on_delete=models.PROTECT)
    sku = models.CharField(max_length=100)
    product_name = models.CharField(max_length=255)
    unit_price = models.DecimalField(max_digits=10, decimal_places=2)
    quantity = models.IntegerField()
    shipped_quantity = models.IntegerField(default=0)
    canceled_quantity = models.IntegerField(default=0)
    returned_quantity = models.IntegerField(default=0)
    tax_rate = models.DecimalField(max_digits=5, decimal_places=2, null=True)
    tax_amount = models.DecimalField(max_digits=14, decimal_places=2, null=True)

    class Meta:
        managed = False
        db_table = "orders_orderline"
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"{self.quantity} × {self.product_name}"


class OrderCharge(models.Model):
    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="charges")
    type = models.CharField(max_length=8)
    label = models.CharField(max_length=200, blank=True)
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    tax_rate = models.DecimalField(max_digits=5, decimal_places=2, null=True)
    tax_amount = models.DecimalField(max_digits=14, decimal_places=2, null=True)

    class Meta:
        managed = False
        db_table = "orders_ordercharge"
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"{self.type} {self.amount}"
