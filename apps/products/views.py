"""The API of products: parse, call one function, answer."""

from typing import Any

import msgspec
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.products import operations
from apps.products.exceptions import (
    MovementKeyReused,
    OutOfStock,
    ProductNotFound,
    SkuExists,
)
from apps.products.models import Product, StockMovement
from apps.products.serializers import (
    MovementQuery,
    MovementSerializer,
    ProductChanges,
    ProductIn,
    ProductOut,
    ProductQuery,
    ProductSerializer,
    StockAdjustmentSerializer,
)
from apps.products.stock.many import AdjustmentsOut
from apps.products.stock_serializers import AdjustmentsIn, AdjustmentsSerializer
from monoservices.api.access import caller
from monoservices.api.endpoints import Endpoint
from monoservices.api.http import REPLAYED, StrictJSONParser, idempotency_key, read_body, read_query
from monoservices.api.pagination import Page, keyset_page


def get_product(product_id: int) -> Product:
    product = Product.objects.filter(pk=product_id).first()
    if product is None:
        raise ProductNotFound
    return product


def own_key(request: Request) -> str | None:
    """The request's Idempotency-Key, kept apart from the same key of another client."""
    key = idempotency_key(request)
    return None if key is None else f"{caller(request).client_id}:{key}"


class ProductListView(APIView):
    scopes = {"GET": "products:read", "POST": "products:write"}

    @Endpoint("list_products", query=ProductQuery, response=Page[ProductOut])
    def get(self, request: Request) -> Response:
        """Products, archived ones included, a page at a time."""
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
        "create_product", body=ProductIn, response=ProductOut, status=201, refusals=[SkuExists]
    )
    def post(self, request: Request) -> Response:
        """Create a product; what it has in stock enters the ledger as received."""
        serializer = ProductSerializer(data=read_body(request))
        serializer.is_valid(raise_exception=True)
        product = serializer.save(actor=caller(request).actor)
        return Response(ProductSerializer.represent(product), status=201)


class ProductView(APIView):
    scopes = {"GET": "products:read", "PATCH": "products:write", "DELETE": "products:write"}

    @Endpoint("get_product", response=ProductOut, refusals=[ProductNotFound])
    def get(self, request: Request, product_id: int) -> Response:
        """One product."""
        return Response(ProductSerializer.represent(get_product(product_id)))

    @Endpoint(
        "update_product",
        body=ProductChanges,
        response=ProductOut,
        refusals=[ProductNotFound, SkuExists],
    )
    def patch(self, request: Request, product_id: int) -> Response:
        """Change what is sent of a product."""
        serializer = ProductSerializer(
            get_product(product_id), data=read_body(request), partial=True
        )
        serializer.is_valid(raise_exception=True)
        product = serializer.save(actor=caller(request).actor)
        return Response(ProductSerializer.represent(product))

    @Endpoint("archive_product", status=204, refusals=[ProductNotFound])
    def delete(self, request: Request, product_id: int) -> Response:
        """Archive the product: it is not sold any more, and its history stays."""
        operations.archive_product(product_id=product_id)
        return Response(status=204)


class StockView(APIView):
    scopes = {"POST": "stock:write"}
    parser_classes = [StrictJSONParser]

    @Endpoint(
        "adjust_stock",
        body=StockAdjustmentSerializer,
        response=MovementSerializer,
        status=201,
        refusals=[ProductNotFound, OutOfStock, MovementKeyReused],
        idempotent=True,
    )
    def post(self, request: Request, product_id: int) -> Response:
        """Change a product's stock by `delta`, or set it to what was `counted`."""
        serializer = StockAdjustmentSerializer(data=read_body(request))
        serializer.is_valid(raise_exception=True)
        change: dict[str, Any] = serializer.validated_data
        adjust = operations.count_stock if "counted" in change else operations.change_stock
        movement, replayed = adjust(
            product_id=product_id,
            actor=caller(request).actor,
            idempotency_key=own_key(request),
            **change,
        )
        headers = {REPLAYED: "true"} if replayed else {}
        return Response(MovementSerializer(movement).data, status=201, headers=headers)


class AdjustmentsView(APIView):
    scopes = {"POST": "stock:write"}

    @Endpoint(
        "adjust_stocks",
        body=AdjustmentsIn,
        response=AdjustmentsOut,
        refusals=[MovementKeyReused],
        idempotent=True,
    )
    def post(self, request: Request) -> Response:
        """Change or count the stock of many products, by SKU or id, in one transaction.

        Each movement has its own outcome: one that is refused does not stop the others.
        """
        context = {"actor": caller(request).actor, "idempotency_key": own_key(request)}
        serializer = AdjustmentsSerializer(data=read_body(request), context=context)
        serializer.is_valid(raise_exception=True)
        adjusted = serializer.save()
        headers = {REPLAYED: "true"} if adjusted.replayed else {}
        return Response(msgspec.Raw(adjusted.answer.encode()), headers=headers)


class MovementListView(APIView):
    scopes = {"GET": "products:read"}

    @Endpoint(
        "list_movements",
        query=MovementQuery,
        response=Page[MovementSerializer],
        refusals=[ProductNotFound],
    )
    def get(self, request: Request, product_id: int) -> Response:
        """The movements of a product's stock, newest first."""
        query = read_query(request, MovementQuery)
        page = keyset_page(
            StockMovement.objects.filter(product=get_product(product_id)),
            request=request,
            ordering="-pk",
            represent=lambda movement: MovementSerializer(movement).data,
            limit=query.limit,
            cursor=query.cursor,
        )
        return Response(page)
