from django.conf import settings
from rest_framework import serializers

from benchmarks.rivals.drf_reads.models import Order, OrderCharge, OrderLine, Product


class ProductSerializer(serializers.ModelSerializer[Product]):
    currency = serializers.SerializerMethodField()

    class Meta:
        model = Product
        fields = (
            "id",
            "sku",
            "name",
            "description",
            "price",
            "currency",
            "stock_quantity",
            "committed_quantity",
            "on_hand",
            "is_active",
            "created_at",
            "updated_at",
        )

    def get_currency(self, product: Product) -> str:
        currency: str = settings.CURRENCY
        return currency


class AvailabilitySerializer(serializers.ModelSerializer[Product]):
    available = serializers.IntegerField(source="stock_quantity")
    currency = serializers.SerializerMethodField()

    class Meta:
        model = Product
        fields = ("id", "available", "price", "currency")

    def get_currency(self, product: Product) -> str:
        currency: str = settings.CURRENCY
        return currency


class OrderLineSerializer(serializers.ModelSerializer[OrderLine]):
    class Meta:
        model = OrderLine
        fields = (
            "id",
            "product_id",
            "sku",
            "product_name",
            "unit_price",
            "quantity",
            "shipped_quantity",
            "canceled_quantity",
            "returned_quantity",
            "tax_rate",
            "tax_amount",
        )


class OrderChargeSerializer(serializers.ModelSerializer[OrderCharge]):
    class Meta:
        model = OrderCharge
        fields = ("type", "label", "amount", "tax_rate", "tax_amount")


class OrderSerializer(serializers.ModelSerializer[Order]):
    lines = OrderLineSerializer(many=True, read_only=True)
    charges = OrderChargeSerializer(many=True, read_only=True, source="rows_of_charges")
    due = serializers.DecimalField(max_digits=14, decimal_places=2, read_only=True)
    payment_status = serializers.CharField(read_only=True)
    needs_refund = serializers.BooleanField(read_only=True)

    class Meta:
        model = Order
        fields = (
            "id",
            "status",
            "currency",
            "total",
            "credited",
            "paid",
            "due",
            "payment_status",
            "needs_refund",
            "reference",
            "customer_email",
            "shipping_address",
            "metadata",
            "lines",
            "charges",
            "held_until",
            "canceled_because",
            "created_at",
            "updated_at",
        )
