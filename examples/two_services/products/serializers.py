from typing import Any

from rest_framework import serializers

from products.models import Product


class ProductSerializer(serializers.Serializer):
    id = serializers.IntegerField(read_only=True)
    name = serializers.CharField(max_length=255)
    description = serializers.CharField(allow_blank=True, default="")
    price = serializers.DecimalField(max_digits=10, decimal_places=2, min_value=0)
    stock_quantity = serializers.IntegerField(min_value=0)

    def create(self, validated_data: dict[str, Any]) -> Product:
        return Product.create_product(**validated_data)

    def update(self, instance: Product, validated_data: dict[str, Any]) -> Product:
        instance.update_product(**validated_data)
        return instance
