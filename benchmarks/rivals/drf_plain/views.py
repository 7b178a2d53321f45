from rest_framework import generics

from benchmarks.rivals.drf_plain.models import Order
from benchmarks.rivals.drf_plain.serializers import OrderSerializer


class OrderCreateView(generics.CreateAPIView[Order]):
    serializer_class = OrderSerializer
