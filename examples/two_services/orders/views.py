from rest_framework.generics import CreateAPIView

from orders.serializers import OrderSerializer


class OrderCreateView(CreateAPIView):
    serializer_class = OrderSerializer
