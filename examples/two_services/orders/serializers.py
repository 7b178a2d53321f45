from typing import Any

from rest_framework import serializers

from orders.microservice_communication import get_product_by_id
from orders.models import Order


class OrderSerializer(serializers.Serializer):
    id = serializers.IntegerField(read_only=True)
    product_id = serializers.IntegerField()
    quantity = serializers.IntegerField(min_value=1)
    status = serializers.CharField(read_only=True)

    def validate_product_id(self, product_id: int) -> int:
        if get_product_by_id(product_id) is None:
            raise serializers.ValidationError("There is no such product.")
        return product_id

    def create(self, validated_data: dict[str, Any]) -> Order:
        return Order.objects.create(**validated_data)

    def update(self, instance: Order, validated_data: dict[str, Any]) -> Order:
        instance.update_order(quantity=validated_data.get("quantity"))
        return instance
