"""The API of shipments and returns: parse, call one function, answer."""

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.orders import operations
from apps.orders.exceptions import (
    CreditExceedsDue,
    IdempotencyKeyReused,
    IllegalTransition,
    KeyRequired,
    NotConfirmed,
    OrderNotFound,
    QuantityExceeded,
    ReturnNotFound,
    ShipmentNotFound,
    UnknownLine,
    VersionConflict,
)
from apps.orders.fulfilment.answers import ReturnOut, ShipmentOut, return_out, shipment_out
from apps.orders.fulfilment.hot import ShipOrder
from apps.orders.fulfilment.models import ReturnQuerySet, ShipmentQuerySet
from apps.orders.fulfilment.structs import (
    PartsQuery,
    ReturnFilters,
    ReturnIn,
    ReturnQuery,
    ShipmentFilters,
    ShipmentIn,
    ShipmentQuery,
    TrackingIn,
    return_request,
)
from apps.orders.hot_routes import manages
from apps.orders.models import Return, Shipment
from apps.orders.views import expected_version, get_order
from monoservices.api.access import caller
from monoservices.api.decoding import decode
from monoservices.api.endpoints import Endpoint
from monoservices.api.hot_routes import answer_alone
from monoservices.api.http import (
    REPLAYED,
    idempotency_key,
    read_body,
    read_query,
    refuse_fields,
)
from monoservices.api.pagination import Page, keyset_page

UNITS = {
    "some": {
        "lines": [{"line_id": 1, "quantity": 1}],
        "carrier": "DHL",
        "tracking_number": "JD014600003828392837",
    },
    "everything_open": {},
}
CAME_BACK = {
    "on_sale_again": {
        "lines": [{"sku": "MUG-BLUE", "quantity": 1, "restock": True, "reason": "Too small"}]
    },
    "broken": {
        "lines": [{"line_id": 1, "quantity": 1, "restock": False, "credit": "9.99"}],
        "charges_credit": "4.90",
    },
}


def find_shipments(request: Request, query: ShipmentFilters) -> ShipmentQuerySet:
    """The shipments that the caller may see and that match the query."""
    viewer = caller(request)
    seen = Shipment.objects.visible_to(viewer.client_id, manages=manages(viewer))
    return seen.filter(**query.filters())


def find_returns(request: Request, query: ReturnFilters) -> ReturnQuerySet:
    """The returns that the caller may see and that match the query."""
    viewer = caller(request)
    seen = Return.objects.visible_to(viewer.client_id, manages=manages(viewer))
    return seen.filter(**query.filters())


def _page(request: Request, found: Any, query: Any, ordering: str) -> Response:
    represent: Any = shipment_out if found.model is Shipment else return_out
    page = keyset_page(
        found.whole(),
        request=request,
        ordering=ordering,
        represent=represent,
        limit=query.limit,
        cursor=query.cursor,
    )
    return Response(page)


class OrderShipmentsView(APIView):
    scopes = {"GET": "orders:read", "POST": "orders:manage"}

    @Endpoint(
        "list_order_shipments",
        query=PartsQuery,
        response=Page[ShipmentOut],
        refusals=[OrderNotFound],
    )
    def get(self, request: Request, order_id: int) -> Response:
        """The shipments of an order, oldest first."""
        query = read_query(request, PartsQuery)
        order = get_order(caller(request), order_id)
        return _page(request, Shipment.objects.filter(order=order), query, "id")

    @Endpoint(
        "create_shipment",
        body=ShipmentIn,
        examples=UNITS,
        response=ShipmentOut,
        status=201,
        refusals=[
            KeyRequired,
            UnknownLine,
            OrderNotFound,
            IllegalTransition,
            NotConfirmed,
            QuantityExceeded,
            VersionConflict,
            IdempotencyKeyReused,
        ],
        idempotent=True,
        needs_key=True,
        conditional=True,
    )
    def post(self, request: Request, order_id: int) -> Response:
        """Ship units of an order; without `lines`, everything that is open. Needs a key.

        The order is shipped once nothing is open. The same Idempotency-Key gets the shipment again,
        as it is by then.
        """
        return answer_alone(ShipOrder(), request, order_id)


class ShipmentListView(APIView):
    scopes = {"GET": "orders:read"}

    @Endpoint("list_shipments", query=ShipmentQuery, response=Page[ShipmentOut])
    def get(self, request: Request) -> Response:
        """Shipments of the caller's orders, newest first; with `orders:manage`, of all."""
        query = read_query(request, ShipmentQuery)
        return _page(request, find_shipments(request, query), query, "-id")


class ShipmentView(APIView):
    scopes = {"GET": "orders:read", "PATCH": "orders:manage"}

    @Endpoint("get_shipment", response=ShipmentOut, refusals=[ShipmentNotFound])
    def get(self, request: Request, shipment_id: int) -> Response:
        """One shipment."""
        found = find_shipments(request, ShipmentFilters()).whole().filter(pk=shipment_id).first()
        if found is None:
            raise ShipmentNotFound
        return Response(shipment_out(found))

    @Endpoint("follow_shipment", body=TrackingIn, response=ShipmentOut, refusals=[ShipmentNotFound])
    def patch(self, request: Request, shipment_id: int) -> Response:
        """Set where a shipment can be followed."""
        changes = decode(read_body(request), TrackingIn).sent()
        shipment = operations.follow_shipment(shipment_id=shipment_id, changes=changes)
        return Response(shipment_out(shipment))


class DeliverShipmentView(APIView):
    scopes = {"POST": "orders:manage"}

    @Endpoint("deliver_shipment", response=ShipmentOut, refusals=[ShipmentNotFound])
    def post(self, request: Request, shipment_id: int) -> Response:
        """Mark a shipment as delivered. With the last one, the order is delivered."""
        refuse_fields(request)
        actor = caller(request).actor
        return Response(
            shipment_out(operations.deliver_shipment(shipment_id=shipment_id, actor=actor))
        )


class OrderReturnsView(APIView):
    scopes = {"GET": "orders:read", "POST": "orders:manage"}

    @Endpoint(
        "list_order_returns",
        query=PartsQuery,
        response=Page[ReturnOut],
        refusals=[OrderNotFound],
    )
    def get(self, request: Request, order_id: int) -> Response:
        """The returns of an order, oldest first."""
        query = read_query(request, PartsQuery)
        order = get_order(caller(request), order_id)
        return _page(request, Return.objects.filter(order=order), query, "id")

    @Endpoint(
        "create_return",
        body=ReturnIn,
        examples=CAME_BACK,
        response=ReturnOut,
        status=201,
        refusals=[
            KeyRequired,
            UnknownLine,
            OrderNotFound,
            QuantityExceeded,
            CreditExceedsDue,
            VersionConflict,
            IdempotencyKeyReused,
        ],
        idempotent=True,
        needs_key=True,
        conditional=True,
    )
    def post(self, request: Request, order_id: int) -> Response:
        """Take back units that were shipped, and lower what is due by their credit. Needs a key.

        Without a `credit`, a line is credited its price, as far as that is due.
        """
        asked = return_request(decode(read_body(request), ReturnIn))
        key = idempotency_key(request)
        if key is None:
            raise KeyRequired
        returned = operations.return_goods(
            order_id=get_order(caller(request), order_id).pk,
            request=asked,
            actor=caller(request).actor,
            idempotency_key=key,
            version=expected_version(request),
        )
        headers = {REPLAYED: "true"} if returned.replayed else {}
        return Response(return_out(returned.order_return), status=201, headers=headers)


class ReturnListView(APIView):
    scopes = {"GET": "orders:read"}

    @Endpoint("list_returns", query=ReturnQuery, response=Page[ReturnOut])
    def get(self, request: Request) -> Response:
        """Returns of the caller's orders, newest first; with `orders:manage`, of all."""
        query = read_query(request, ReturnQuery)
        return _page(request, find_returns(request, query), query, "-id")


class ReturnView(APIView):
    scopes = {"GET": "orders:read"}

    @Endpoint("get_return", response=ReturnOut, refusals=[ReturnNotFound])
    def get(self, request: Request, return_id: int) -> Response:
        """One return."""
        found = find_returns(request, ReturnFilters()).whole().filter(pk=return_id).first()
        if found is None:
            raise ReturnNotFound
        return Response(return_out(found))
