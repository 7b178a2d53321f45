from rest_framework import generics

from benchmarks.rivals.drf_services.ordering.models import Order
from benchmarks.rivals.drf_services.ordering.serializers import OrderSerializer


class OrderCreateView(generics.CreateAPIView[Order]):
    serializer_class = OrderSerializer
