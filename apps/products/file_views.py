"""Products as files over the API."""

from django.db import InterfaceError, OperationalError
from django.http import StreamingHttpResponse
from msgspec import Struct
from rest_framework.request import Request
from rest_framework.views import APIView

from apps.products import operations
from apps.products.apps import MAX_IMPORT_BYTES
from apps.products.exporting import export_products
from apps.products.importing.reading import read_products
from apps.products.importing.reporting import ImportReport, report_import
from apps.products.serializers import ProductFilters
from monoservices.api.access import caller
from monoservices.api.endpoints import Endpoint
from monoservices.api.http import read_body, read_query
from monoservices.api.problems import Unavailable
from monoservices.files.exporting import (
    EXPORT_RENDERERS,
    MEDIA_TYPES,
    export_format,
    export_response,
)
from monoservices.files.uploads import UPLOAD_PARSERS


class ImportQuery(Struct, forbid_unknown_fields=True, kw_only=True):
    """The query string of an import."""

    dry_run: bool = False


class ProductImportView(APIView):
    scopes = {"POST": "products:write"}
    parser_classes = UPLOAD_PARSERS
    max_body = MAX_IMPORT_BYTES

    @Endpoint(
        "import_products", query=ImportQuery, takes=[*MEDIA_TYPES.values()], response=ImportReport
    )
    def post(self, request: Request) -> StreamingHttpResponse:
        """Create and update products by SKU, from CSV, JSON Lines or Shopify's product CSV.

        Rows that cannot be taken are refused one by one. To change the stock of a product that is
        there takes the scope `stock:write` too. With `dry_run`, nothing is written.
        """
        query = read_query(request, ImportQuery)
        outcomes = operations.import_products(
            read_products(read_body(request)),
            dry_run=query.dry_run,
            may_count="stock:write" in caller(request).scopes,
            actor=caller(request).actor,
        )
        try:
            return report_import(outcomes, dry_run=query.dry_run)
        except (OperationalError, InterfaceError):
            raise Unavailable(
                "The database is busy or away. What was imported stays; send the file again."
            ) from None


class ProductExportView(APIView):
    scopes = {"GET": "products:read"}
    renderer_classes = EXPORT_RENDERERS

    @Endpoint("export_products", query=ProductFilters, gives=[*MEDIA_TYPES.values()])
    def get(self, request: Request) -> StreamingHttpResponse:
        """Products by id, archived ones included; what `import_products` reads."""
        products = read_query(request, ProductFilters).find()
        file_format = export_format(request)
        lines = export_products(products, file_format=file_format)
        return export_response(lines, file_format=file_format, name="products")
