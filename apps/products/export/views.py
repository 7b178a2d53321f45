"""Exporting products over the API."""

from django.http import StreamingHttpResponse
from rest_framework.request import Request
from rest_framework.views import APIView

from apps.products.export.rows import export_products
from apps.products.serializers import ProductFilters
from monoservices.api.endpoints import Endpoint
from monoservices.api.http import read_query
from monoservices.files.exporting import (
    EXPORT_RENDERERS,
    MEDIA_TYPES,
    export_format,
    export_response,
)


class ProductExportView(APIView):
    scopes = {"GET": "products:read"}
    renderer_classes = EXPORT_RENDERERS

    @Endpoint("export_products", query=ProductFilters, gives=[*MEDIA_TYPES.values()])
    def get(self, request: Request) -> StreamingHttpResponse:
        """Products by id, archived ones included. `import_products` reads the file."""
        products = read_query(request, ProductFilters).find()
        file_format = export_format(request)
        pieces = export_products(products, file_format=file_format)
        return export_response(pieces, file_format=file_format, name="products")
