"""The API of products: parse, call one function, respond."""

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.products import operations
from apps.products.exceptions import ProductNotFound, SkuExists
from apps.products.hot_routes import ListProducts, ReadAvailability, ReadProduct
from apps.products.models import Product, ProductRequest
from apps.products.serializers import (
    Availability,
    AvailabilityQuery,
    ProductChanges,
    ProductIn,
    ProductOut,
    ProductQuery,
    ProductSerializer,
)
from monoservices.api.access import caller
from monoservices.api.endpoints import Endpoint
from monoservices.api.hot_routes import answer_alone, answer_if_hot
from monoservices.api.http import read_body, read_query
from monoservices.api.idempotency import once_per_key
from monoservices.api.pagination import Page, keyset_page
from monoservices.api.problems import KeyReused


class ProductListView(APIView):
    scopes = {"GET": "products:read", "POST": "products:write"}

    @Endpoint("list_products", query=ProductQuery, response=Page[ProductOut])
    def get(self, request: Request) -> Response:
        """Products, archived ones included, a page at a time."""
        if hot := answer_if_hot(ListProducts(), request):
            return hot
        query = read_query(request, ProductQuery)
        page = keyset_page(
            query.find(),
            request=request,
            ordering=query.ordering,
            represent=ProductSerializer.represent,
            limit=query.limit,
            cursor=query.cursor,
        )
        return Response(page)

    @Endpoint(
        "create_product",
        body=ProductIn,
        response=ProductOut,
        status=201,
        refusals=[SkuExists, KeyReused],
        idempotent=True,
    )
    def post(self, request: Request) -> Response:
        """Create a product. Its stock enters the ledger as received."""
        serializer = ProductSerializer(data=read_body(request))
        serializer.is_valid(raise_exception=True)

        def create() -> Response:
            product = serializer.save(actor=caller(request).actor)
            return Response(ProductSerializer.represent(product), status=201)

        return once_per_key(request, ProductRequest, serializer.validated_data, create)


class AvailabilityView(APIView):
    scopes = {"GET": "products:read"}

    @Endpoint("list_availability", query=AvailabilityQuery, response=Availability)
    def get(self, request: Request) -> Response:
        """How many units of each product can be ordered now, and at what price.

        In the order in which `ids` names the products, as far as they exist.
        """
        return answer_alone(ReadAvailability(), request)


class ProductView(APIView):
    scopes = {"GET": "products:read", "PATCH": "products:write", "DELETE": "products:write"}

    @Endpoint("get_product", response=ProductOut, refusals=[ProductNotFound])
    def get(self, request: Request, product_id: int) -> Response:
        """One product."""
        return answer_alone(ReadProduct(), request, product_id)

    @Endpoint(
        "update_product",
        body=ProductChanges,
        response=ProductOut,
        refusals=[ProductNotFound, SkuExists],
    )
    def patch(self, request: Request, product_id: int) -> Response:
        """Change the fields that are sent."""
        serializer = ProductSerializer(
            Product.objects.with_id(product_id), data=read_body(request), partial=True
        )
        serializer.is_valid(raise_exception=True)
        product = serializer.save(actor=caller(request).actor)
        return Response(ProductSerializer.represent(product))

    @Endpoint("archive_product", status=204, refusals=[ProductNotFound])
    def delete(self, request: Request, product_id: int) -> Response:
        """Archive the product: it is no longer sold, and its history stays."""
        operations.archive_product(product_id=product_id)
        return Response(status=204)
