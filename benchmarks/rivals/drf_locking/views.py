from rest_framework import generics

from benchmarks.rivals.drf_locking.models import Order
from benchmarks.rivals.drf_locking.serializers import OrderSerializer


class OrderCreateView(generics.CreateAPIView[Order]):
    serializer_class = OrderSerializer
