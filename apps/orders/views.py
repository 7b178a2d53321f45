"""The API of orders. Each view parses, calls one function and renders."""

from msgspec import UNSET
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.orders.answers import EventOut, OrderOut
from apps.orders.exceptions import (
    IdempotencyKeyReused,
    IllegalTransition,
    OrderNotFound,
    OutOfStock,
    PriceChanged,
    ProductUnavailable,
    SeveralLines,
    UnknownProduct,
    VersionConflict,
)
from apps.orders.hot_routes import ListOrders, PlaceOrder, ReadOrder, manages, owner
from apps.orders.models import Order, OrderQuerySet
from apps.orders.searching.finding import found_in, found_on_page
from apps.orders.serializers import OrderSerializer, event_out
from apps.orders.structs import (
    EXAMPLES,
    EventQuery,
    NewOrder,
    OrderChanges,
    OrderFilters,
    OrderQuery,
    version_in,
)
from monoservices.api.access import caller
from monoservices.api.endpoints import Endpoint
from monoservices.api.hot_routes import answer_alone, answer_if_hot
from monoservices.api.http import read_body, read_query
from monoservices.api.pagination import Page, keyset_page
from monoservices.services.scopes import Caller


def visible_orders(viewer: Caller) -> OrderQuerySet:
    """The orders that this caller may see."""
    return Order.objects.visible_to(viewer.client_id, manages=manages(viewer))


def find_orders(request: Request, query: OrderFilters) -> OrderQuerySet:
    """The orders that the caller may see and that match the query."""
    orders = visible_orders(caller(request)).filter(**query.filters())
    if query.held is not UNSET:
        orders = orders.held(query.held)
    if query.product_id:
        orders = orders.with_product(query.product_id)
    if query.partly_shipped is not UNSET:
        orders = orders.filter(partly_shipped=query.partly_shipped)
    if query.shipped_after is not UNSET:
        orders = orders.shipped_after(query.shipped_after)
    if query.payment_status:
        orders = orders.with_payment_status(query.payment_status)
    if query.needs_refund is not UNSET:
        orders = orders.needing_refund(query.needs_refund)
    if not query.search:
        return orders
    if isinstance(query, OrderQuery):
        return found_on_page(orders, query.search, query, owner=owner(caller(request)))
    return found_in(orders, query.search)


def get_order(viewer: Caller, order_id: int) -> Order:
    """The order with its lines, if this caller may see it. Raises OrderNotFound."""
    order = visible_orders(viewer).with_lines().filter(pk=order_id).first()
    if order is None:
        raise OrderNotFound
    return order


def expected_version(request: Request) -> int | None:
    """The version in the request's If-Match, or None without it. Raises Invalid."""
    return version_in(request.headers.get("If-Match"))


def order_response(order: Order) -> Response:
    """The order, with its version as ETag."""
    return Response(OrderSerializer.represent(order), headers={"ETag": f'"{order.version}"'})


class OrderListView(APIView):
    @Endpoint("list_orders", query=OrderQuery, response=Page[OrderOut])
    def get(self, request: Request) -> Response:
        """The caller's orders, newest first; with the scope `orders:manage`, every client's."""
        if hot := answer_if_hot(ListOrders(), request):
            return hot
        query = read_query(request, OrderQuery)
        page = keyset_page(
            find_orders(request, query).with_lines(),
            request=request,
            ordering="-id",
            represent=OrderSerializer.represent,
            limit=query.limit,
            cursor=query.cursor,
        )
        return Response(page)


class OrderCreateView(APIView):
    @Endpoint(
        "place_order",
        body=NewOrder,
        examples=EXAMPLES,
        response=OrderOut,
        status=201,
        refusals=[
            UnknownProduct,
            OutOfStock,
            ProductUnavailable,
            PriceChanged,
            IllegalTransition,
            IdempotencyKeyReused,
        ],
        idempotent=True,
    )
    def post(self, request: Request) -> Response:
        """Place an order: 201 and the order, or the errors.

        A `unit_price`, and a charge of less than nothing, need the scope `orders:price`. With
        `hold_seconds`, the order is held: its stock may be taken back after `held_until`, unless
        it was confirmed. `replaces` names a held order of the same client, which is canceled if
        this order is accepted.
        """
        return answer_alone(PlaceOrder(), request)


class OrdersView(OrderListView, OrderCreateView):
    """Listing and placing orders, which share a path."""

    scopes = {"GET": "orders:read", "POST": "orders:write"}


class OrderView(APIView):
    scopes = {"GET": "orders:read", "PATCH": "orders:write"}

    @Endpoint("get_order", response=OrderOut, refusals=[OrderNotFound], versioned=True)
    def get(self, request: Request, order_id: int) -> Response:
        """One order."""
        return answer_alone(ReadOrder(), request, order_id)

    @Endpoint(
        "change_order",
        body=OrderChanges,
        response=OrderOut,
        refusals=[
            UnknownProduct,
            OrderNotFound,
            OutOfStock,
            ProductUnavailable,
            PriceChanged,
            IllegalTransition,
            VersionConflict,
            SeveralLines,
        ],
        versioned=True,
    )
    def patch(self, request: Request, order_id: int) -> Response:
        """Change a pending order. With If-Match, only if the order is at that version."""
        context = {"caller": caller(request), "version": expected_version(request)}
        serializer = OrderSerializer(
            get_order(caller(request), order_id),
            data=read_body(request),
            partial=True,
            context=context,
        )
        serializer.is_valid(raise_exception=True)
        return order_response(serializer.save())


class EventListView(APIView):
    scopes = {"GET": "orders:read"}

    @Endpoint(
        "list_order_events",
        query=EventQuery,
        response=Page[EventOut],
        refusals=[OrderNotFound],
    )
    def get(self, request: Request, order_id: int) -> Response:
        """What happened to an order, oldest first."""
        query = read_query(request, EventQuery)
        page = keyset_page(
            get_order(caller(request), order_id).events.all(),
            request=request,
            ordering="id",
            represent=event_out,
            limit=query.limit,
            cursor=query.cursor,
        )
        return Response(page)
