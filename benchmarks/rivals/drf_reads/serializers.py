from django.conf import settings
from rest_framework import serializers

from benchmarks.rivals.drf_reads.models import Order, OrderLine, Product


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
        fields = ("product_id", "sku", "product_name", "unit_price", "quantity")


class OrderSerializer(serializers.ModelSerializer[Order]):
    lines = OrderLineSerializer(many=True, read_only=True)

    class Meta:
        model = Order
        fields = (
            "id",
            "status",
            "currency",
            "total",
            "reference",
            "customer_email",
            "shipping_address",
            "metadata",
            "lines",
            "created_at",
            "updated_at",
        )
