from rest_framework.generics import CreateAPIView

from products.serializers import ProductSerializer


class ProductCreateView(CreateAPIView):
    serializer_class = ProductSerializer
