from typing import Any

from django.db import DatabaseError, transaction
from rest_framework import serializers

from benchmarks.rivals.drf_services.ordering import catalogue
from benchmarks.rivals.drf_services.ordering.models import Order, OrderLine


class OrderLineSerializer(serializers.ModelSerializer[OrderLine]):
    quantity = serializers.IntegerField(min_value=1)

    class Meta:
        model = OrderLine
        fields = ("product_id", "unit_price", "quantity")
        read_only_fields = ("unit_price",)


class OrderSerializer(serializers.ModelSerializer[Order]):
    lines = OrderLineSerializer(many=True, allow_empty=False)

    class Meta:
        model = Order
        fields = ("id", "status", "total", "lines", "created_at")
        read_only_fields = ("status", "total")

    def create(self, validated_data: dict[str, Any]) -> Order:
        lines = validated_data["lines"]
        prices = catalogue.take_stock(lines)
        try:
            return _insert([OrderLine(unit_price=prices[x["product_id"]], **x) for x in lines])
        except DatabaseError:
            # If this fails, or the process ends first, the units are lost.
            catalogue.put_back_stock(lines)
            raise


@transaction.atomic
def _insert(lines: list[OrderLine]) -> Order:
    order = Order.objects.create(total=sum(line.unit_price * line.quantity for line in lines))
    for line in lines:
        line.order = order
    OrderLine.objects.bulk_create(lines)
    order._prefetched_objects_cache = {"lines": lines}  # noqa: SLF001
    return order
