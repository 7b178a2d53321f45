from typing import Any

from django.db import transaction
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from benchmarks.rivals.drf_services.catalogue.models import Product


class LineSerializer(serializers.Serializer[Any]):
    product_id = serializers.IntegerField()
    quantity = serializers.IntegerField(min_value=1)


class StockView(APIView):
    """Take the stock of all lines or of none, or return it."""

    sign: int

    @transaction.atomic
    def post(self, request: Request) -> Response:
        serializer = LineSerializer(data=request.data, many=True)
        serializer.is_valid(raise_exception=True)
        lines = serializer.validated_data
        ids = {line["product_id"] for line in lines}
        locked = Product.objects.filter(pk__in=ids).order_by("pk").select_for_update()
        products = {product.pk: product for product in locked}
        if ids - products.keys():
            return Response({"detail": "There is no such product."}, status=404)
        for line in lines:
            product = products[line["product_id"]]
            product.stock += self.sign * line["quantity"]
            if product.stock < 0:
                return Response({"detail": "There is not enough in stock."}, status=409)
        Product.objects.bulk_update(products.values(), ["stock"])
        return Response({"prices": {str(key): str(each.price) for key, each in products.items()}})


class TakeView(StockView):
    sign = -1


class PutBackView(StockView):
    sign = 1
