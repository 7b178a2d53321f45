"""The API of payments: parse, call one function, answer."""

from collections.abc import Callable

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.payments import operations
from apps.payments.exceptions import (
    IdempotencyKeyRequired,
    OrderNotFound,
    PaymentExists,
    PaymentKeyReused,
)
from apps.payments.microservice_communication import RefundExceedsPaid, currencies_of_orders
from apps.payments.models import Payment, PaymentQuerySet
from apps.payments.serializers import (
    OrderPaymentQuery,
    PaymentFilters,
    PaymentIn,
    PaymentOut,
    PaymentQuery,
    represent,
)
from monoservices.api.access import caller
from monoservices.api.decoding import decode
from monoservices.api.endpoints import Endpoint
from monoservices.api.http import REPLAYED, idempotency_key, read_body, read_query
from monoservices.api.pagination import Page, keyset_page
from monoservices.services.oversight import sees_others

EXAMPLES = {
    "by_provider": {
        "amount": "29.97",
        "method": "card",
        "provider": "stripe",
        "provider_reference": "ch_3PYq",
    },
    "in_cash": {"amount": "29.97", "method": "cash"},
}


def currency_of_order(request: Request, order_id: int) -> str:
    """The currency of an order that the caller may see. Raises OrderNotFound."""
    client_id = None if sees_others(caller(request)) else caller(request).client_id
    found = currencies_of_orders(ids=[order_id], client_id=client_id)
    if order_id not in found:
        raise OrderNotFound
    return found[order_id]


def find_payments(request: Request, query: PaymentFilters) -> PaymentQuerySet:
    """The payments and refunds that the caller may see and that match the query."""
    viewer = caller(request)
    seen = Payment.objects.visible_to(viewer.client_id, sees_others=sees_others(viewer))
    return query.find(seen).with_notes()


def record(
    request: Request, order_id: int, operation: Callable[..., operations.Recorded]
) -> Response:
    """Record what the body says, with the operation for it."""
    currency = currency_of_order(request, order_id)
    money = decode(read_body(request), PaymentIn).check(currency)
    recorded = operation(
        order_id=order_id,
        money=money,
        actor=caller(request).actor,
        idempotency_key=idempotency_key(request),
    )
    headers = {REPLAYED: "true"} if recorded.replayed else {}
    return Response(represent(recorded.payment), status=201, headers=headers)


def page_of_order(request: Request, order_id: int, kind: Payment.Kind) -> Response:
    """The payments or the refunds of an order, oldest first."""
    query = read_query(request, OrderPaymentQuery)
    currency_of_order(request, order_id)
    page = keyset_page(
        Payment.objects.with_notes().filter(order=order_id, kind=kind),
        request=request,
        ordering="id",
        represent=represent,
        limit=query.limit,
        cursor=query.cursor,
    )
    return Response(page)


class OrderPaymentsView(APIView):
    scopes = {"GET": "payments:read", "POST": "payments:write"}

    @Endpoint(
        "list_order_payments",
        query=OrderPaymentQuery,
        response=Page[PaymentOut],
        refusals=[OrderNotFound],
    )
    def get(self, request: Request, order_id: int) -> Response:
        """The payments of an order, oldest first."""
        return page_of_order(request, order_id, Payment.Kind.PAYMENT)

    @Endpoint(
        "record_payment",
        body=PaymentIn,
        examples=EXAMPLES,
        response=PaymentOut,
        status=201,
        refusals=[IdempotencyKeyRequired, OrderNotFound, PaymentExists, PaymentKeyReused],
        idempotent=True,
    )
    def post(self, request: Request, order_id: int) -> Response:
        """Record money received for an order, in any status: money is never turned away.

        The same `provider_reference`, or the same Idempotency-Key, gets the first answer again.
        """
        return record(request, order_id, operations.record_payment)


class OrderRefundsView(APIView):
    scopes = {"GET": "payments:read", "POST": "payments:write"}

    @Endpoint(
        "list_order_refunds",
        query=OrderPaymentQuery,
        response=Page[PaymentOut],
        refusals=[OrderNotFound],
    )
    def get(self, request: Request, order_id: int) -> Response:
        """The refunds of an order, oldest first."""
        return page_of_order(request, order_id, Payment.Kind.REFUND)

    @Endpoint(
        "record_refund",
        body=PaymentIn,
        examples=EXAMPLES,
        response=PaymentOut,
        status=201,
        refusals=[
            IdempotencyKeyRequired,
            OrderNotFound,
            PaymentExists,
            RefundExceedsPaid,
            PaymentKeyReused,
        ],
        idempotent=True,
    )
    def post(self, request: Request, order_id: int) -> Response:
        """Record money given back for an order, at most what is paid."""
        return record(request, order_id, operations.record_refund)


class PaymentListView(APIView):
    scopes = {"GET": "payments:read"}

    @Endpoint("list_payments", query=PaymentQuery, response=Page[PaymentOut])
    def get(self, request: Request) -> Response:
        """Payments and refunds of the caller's orders, newest first.

        With the scope `orders:manage`, those of every client's orders.
        """
        query = read_query(request, PaymentQuery)
        page = keyset_page(
            find_payments(request, query),
            request=request,
            ordering="-id",
            represent=represent,
            limit=query.limit,
            cursor=query.cursor,
        )
        return Response(page)
