"""DRF serializers with the contract of Tradepost's `ProductSerializer`.

As in Tradepost, the database checks that a SKU is unique. A `UniqueValidator` would cost a query.
"""

from typing import Any

from django.conf import settings
from rest_framework import serializers

from apps.products.models import MAX_PRICE, Product
from monoservices.api.types import MAX_INTEGER


class ModelProductSerializer(serializers.ModelSerializer[Product]):
    currency = serializers.SerializerMethodField()
    on_hand = serializers.IntegerField(read_only=True)

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
        read_only_fields = ("committed_quantity",)
        extra_kwargs = {
            "sku": {"validators": []},
            "price": {"min_value": 0, "max_value": MAX_PRICE},
            "stock_quantity": {"min_value": 0, "max_value": MAX_INTEGER},
            "description": {"max_length": 10_000},
        }

    def get_currency(self, product: Product) -> str:
        currency: str = settings.CURRENCY
        return currency


class PlainProductSerializer(serializers.Serializer[Product]):
    id = serializers.IntegerField(read_only=True)
    sku = serializers.CharField(required=False, max_length=100)
    name = serializers.CharField(max_length=255)
    description = serializers.CharField(required=False, allow_blank=True, max_length=10_000)
    price = serializers.DecimalField(
        max_digits=10, decimal_places=2, min_value=0, max_value=MAX_PRICE
    )
    currency = serializers.SerializerMethodField()
    stock_quantity = serializers.IntegerField(required=False, min_value=0, max_value=MAX_INTEGER)
    committed_quantity = serializers.IntegerField(read_only=True)
    on_hand = serializers.IntegerField(read_only=True)
    is_active = serializers.BooleanField(required=False)
    created_at = serializers.DateTimeField(read_only=True)
    updated_at = serializers.DateTimeField(read_only=True)

    def get_currency(self, product: Product) -> str:
        currency: str = settings.CURRENCY
        return currency

    def create(self, validated_data: dict[str, Any]) -> Product:
        return Product(**validated_data)
