"""Exports of payments over the API."""

from django.http import StreamingHttpResponse
from rest_framework.request import Request
from rest_framework.views import APIView

from apps.payments.export.rows import export_payments
from apps.payments.serializers import PaymentFilters
from apps.payments.views import find_payments
from monoservices.api.endpoints import Endpoint
from monoservices.api.http import read_query
from monoservices.files.exporting import (
    EXPORT_RENDERERS,
    MEDIA_TYPES,
    export_format,
    export_response,
)


class PaymentExportView(APIView):
    scopes = {"GET": "payments:read"}
    renderer_classes = EXPORT_RENDERERS

    @Endpoint("export_payments", query=PaymentFilters, gives=[*MEDIA_TYPES.values()])
    def get(self, request: Request) -> StreamingHttpResponse:
        """Payments and refunds of the caller's orders, oldest first.

        With the scope `orders:manage`, those of every client's orders.
        """
        payments = find_payments(request, read_query(request, PaymentFilters))
        file_format = export_format(request)
        pieces = export_payments(payments, file_format=file_format)
        return export_response(pieces, file_format=file_format, name="payments")
