"""The API of stock: parse, call one function, respond."""

from typing import Any

import msgspec
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.products.exceptions import (
    MovementKeyReused,
    OutOfStock,
    ProductNotFound,
    StockChanged,
)
from apps.products.models import Product, StockMovement
from apps.products.stock.many_products import Adjustment, adjust_stock
from apps.products.stock.one_product import change_stock, count_stock
from apps.products.stock.serializers import (
    AdjustmentsIn,
    AdjustmentsOut,
    MovementQuery,
    MovementSerializer,
    StockAdjustmentSerializer,
)
from monoservices.api.access import caller
from monoservices.api.decoding import decode
from monoservices.api.endpoints import Endpoint
from monoservices.api.http import REPLAYED, StrictJSONParser, idempotency_key, read_body, read_query
from monoservices.api.pagination import Page, keyset_page
from monoservices.api.serializers import sent_fields


def own_key(request: Request) -> str | None:
    """The request's Idempotency-Key, kept apart from the same key of another client."""
    key = idempotency_key(request)
    return None if key is None else f"{caller(request).client_id}:{key}"


class StockView(APIView):
    scopes = {"POST": "stock:write"}
    parser_classes = [StrictJSONParser]

    @Endpoint(
        "adjust_stock",
        body=StockAdjustmentSerializer,
        examples={
            "change": {"delta": 5, "reason": "received", "note": "PO-7"},
            "count": {"counted": 12, "expected": 14},
        },
        response=MovementSerializer,
        status=201,
        refusals=[ProductNotFound, OutOfStock, StockChanged, MovementKeyReused],
        idempotent=True,
    )
    def post(self, request: Request, product_id: int) -> Response:
        """Change a product's stock by `delta`, or say how many were `counted` on the shelf.

        A count compares with what is on hand, units of open orders included.
        """
        serializer = StockAdjustmentSerializer(data=read_body(request))
        serializer.is_valid(raise_exception=True)
        change: dict[str, Any] = serializer.validated_data
        adjust = count_stock if "counted" in change else change_stock
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
        examples={
            "movements": {
                "movements": [
                    {"sku": "MUG-BLUE", "delta": 5, "reason": "received"},
                    {"product_id": 2, "counted": 12},
                ]
            }
        },
        response=AdjustmentsOut,
        refusals=[MovementKeyReused],
        idempotent=True,
    )
    def post(self, request: Request) -> Response:
        """Change or count the stock of many products, by SKU or id, in one transaction.

        Each movement has its own outcome: one that is refused does not stop the others.
        """
        asked = decode(read_body(request), AdjustmentsIn)
        asked.check()
        adjusted = adjust_stock(
            adjustments=[
                Adjustment(path=f"movements.{index}", **sent_fields(movement))
                for index, movement in enumerate(asked.movements)
            ],
            actor=caller(request).actor,
            idempotency_key=own_key(request),
        )
        headers = {REPLAYED: "true"} if adjusted.replayed else {}
        return Response(msgspec.Raw(adjusted.response.encode()), headers=headers)


class MovementListView(APIView):
    scopes = {"GET": "products:read"}

    @Endpoint(
        "list_movements",
        query=MovementQuery,
        response=Page[MovementSerializer],
        refusals=[ProductNotFound],
    )
    def get(self, request: Request, product_id: int) -> Response:
        """The movements of a product's stock, newest first.

        Of movements that others made, `reference` and `actor` are empty, unless the key has the
        scope that shows what others did.
        """
        query = read_query(request, MovementQuery)
        page = keyset_page(
            StockMovement.objects.filter(product=Product.objects.with_id(product_id)),
            request=request,
            ordering="-pk",
            represent=MovementSerializer.for_viewer(caller(request)),
            limit=query.limit,
            cursor=query.cursor,
        )
        return Response(page)
