from typing import Any

from django.db import transaction
from rest_framework import serializers
from rest_framework.exceptions import APIException

from benchmarks.rivals.drf_locking.models import Order, OrderLine, Product


class OutOfStock(APIException):
    status_code = 409
    default_detail = "There is not enough in stock."


class OrderLineSerializer(serializers.ModelSerializer[OrderLine]):
    # A PrimaryKeyRelatedField would read each product again, without the lock.
    product_id = serializers.IntegerField()
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

    @transaction.atomic
    def create(self, validated_data: dict[str, Any]) -> Order:
        wanted = validated_data["lines"]
        ids = {line["product_id"] for line in wanted}
        # Lock in id order, so that two orders cannot deadlock.
        locked = Product.objects.filter(pk__in=ids).order_by("pk").select_for_update()
        products = {product.pk: product for product in locked}
        if ids - products.keys():
            raise serializers.ValidationError({"lines": "There is no such product."})
        for line in wanted:
            product = products[line["product_id"]]
            if product.stock < line["quantity"]:
                raise OutOfStock
            product.stock -= line["quantity"]
        lines = [
            OrderLine(
                product=products[line["product_id"]],
                unit_price=products[line["product_id"]].price,
                quantity=line["quantity"],
            )
            for line in wanted
        ]
        order = Order.objects.create(total=sum(line.unit_price * line.quantity for line in lines))
        for line in lines:
            line.order = order
        OrderLine.objects.bulk_create(lines)
        Product.objects.bulk_update(products.values(), ["stock"])
        # The response shows what was written, so it is not read again.
        order._prefetched_objects_cache = {"lines": lines}  # noqa: SLF001
        return order
