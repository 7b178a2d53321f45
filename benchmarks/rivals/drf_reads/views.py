from typing import Any

from django.db.models import QuerySet
from rest_framework.decorators import action
from rest_framework.filters import SearchFilter
from rest_framework.pagination import CursorPagination, PageNumberPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ModelViewSet

from benchmarks.rivals.drf_reads.models import Order, Product
from benchmarks.rivals.drf_reads.serializers import (
    AvailabilitySerializer,
    OrderSerializer,
    ProductSerializer,
)


class NumberedPages(PageNumberPagination):
    page_size = 20


class ProductPages(CursorPagination):
    page_size = 20
    ordering = "id"


class OrderPages(CursorPagination):
    page_size = 20
    ordering = "-id"


class ProductViewSet(ModelViewSet[Product]):
    queryset = Product.objects.order_by("id")
    serializer_class = ProductSerializer
    pagination_class: type[NumberedPages | CursorPagination] = NumberedPages
    filter_backends = [SearchFilter]
    search_fields = ["name"]

    @action(detail=False)
    def availability(self, request: Request) -> Response:
        wanted = [int(each) for each in request.query_params["ids"].split(",")]
        products = Product.objects.filter(is_active=True).in_bulk(wanted)
        found = [products[each] for each in wanted if each in products]
        return Response({"results": AvailabilitySerializer(found, many=True).data})


class OrderViewSet(ModelViewSet[Order]):
    queryset = Order.objects.order_by("-id").prefetch_related("lines")
    serializer_class = OrderSerializer
    pagination_class: type[NumberedPages | CursorPagination] = NumberedPages

    def get_queryset(self) -> QuerySet[Order]:
        key: Any = self.request.auth
        return super().get_queryset().filter(client_id=key.client_id)


class CursorProductViewSet(ProductViewSet):
    pagination_class = ProductPages


class CursorOrderViewSet(OrderViewSet):
    pagination_class = OrderPages
