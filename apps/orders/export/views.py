"""Exports of orders, shipments and returns over the API."""

from django.http import StreamingHttpResponse
from rest_framework.request import Request
from rest_framework.views import APIView

from apps.orders.export.parts import export_returns, export_shipments
from apps.orders.export.rows import export_orders
from apps.orders.fulfilment.structs import ReturnFilters, ShipmentFilters
from apps.orders.fulfilment.views import find_returns, find_shipments
from apps.orders.structs import OrderFilters
from apps.orders.views import find_orders
from monoservices.api.endpoints import Endpoint
from monoservices.api.http import read_query
from monoservices.files.exporting import (
    EXPORT_RENDERERS,
    MEDIA_TYPES,
    export_format,
    export_response,
)


class OrderExportView(APIView):
    scopes = {"GET": "orders:read"}
    renderer_classes = EXPORT_RENDERERS

    @Endpoint("export_orders", query=OrderFilters, gives=[*MEDIA_TYPES.values()])
    def get(self, request: Request) -> StreamingHttpResponse:
        """The caller's orders, oldest first; with the scope `orders:manage`, every client's.

        In CSV, each line of an order is a row, and after them each charge. In JSON Lines, each
        order is a line.
        """
        orders = find_orders(request, read_query(request, OrderFilters))
        file_format = export_format(request)
        pieces = export_orders(orders, file_format=file_format)
        return export_response(pieces, file_format=file_format, name="orders")


class ShipmentExportView(APIView):
    scopes = {"GET": "orders:read"}
    renderer_classes = EXPORT_RENDERERS

    @Endpoint("export_shipments", query=ShipmentFilters, gives=[*MEDIA_TYPES.values()])
    def get(self, request: Request) -> StreamingHttpResponse:
        """Shipments of the caller's orders, oldest first: a row for each line, with its price.

        With the scope `orders:manage`, those of every client's orders.
        """
        shipments = find_shipments(request, read_query(request, ShipmentFilters))
        file_format = export_format(request)
        pieces = export_shipments(shipments, file_format=file_format)
        return export_response(pieces, file_format=file_format, name="shipments")


class ReturnExportView(APIView):
    scopes = {"GET": "orders:read"}
    renderer_classes = EXPORT_RENDERERS

    @Endpoint("export_returns", query=ReturnFilters, gives=[*MEDIA_TYPES.values()])
    def get(self, request: Request) -> StreamingHttpResponse:
        """Returns of the caller's orders, oldest first: a row for each line, with its credit.

        What is credited of charges is a row without a line. With the scope `orders:manage`, those
        of every client's orders.
        """
        returns = find_returns(request, read_query(request, ReturnFilters))
        file_format = export_format(request)
        pieces = export_returns(returns, file_format=file_format)
        return export_response(pieces, file_format=file_format, name="returns")
