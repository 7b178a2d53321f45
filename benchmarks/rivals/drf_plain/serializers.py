from typing import Any

from rest_framework import serializers

from benchmarks.rivals.drf_plain.models import Order, Product


class OrderSerializer(serializers.Serializer[Order]):
    id = serializers.IntegerField(read_only=True)
    product_id = serializers.IntegerField()
    quantity = serializers.IntegerField(min_value=1)
    status = serializers.CharField(read_only=True)
    created_at = serializers.DateTimeField(read_only=True)

    def create(self, validated_data: dict[str, Any]) -> Order:
        product = Product.objects.filter(id=validated_data["product_id"]).first()
        if product is None:
            raise serializers.ValidationError({"product_id": "There is no such product."})
        order = Order.create_order(product.name, validated_data["quantity"])
        if order is None:
            raise serializers.ValidationError({"product_id": "There is no such product."})
        return order
