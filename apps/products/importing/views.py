"""Importing products over the API."""

import logging

from django.db import Error
from django.http import StreamingHttpResponse
from msgspec import Struct
from rest_framework.request import Request
from rest_framework.views import APIView

from apps.products.apps import MAX_IMPORT_BYTES
from apps.products.importing.importer import import_products
from apps.products.importing.reading import read_products
from apps.products.importing.report import ImportReport, report_import
from monoservices.api.access import caller
from monoservices.api.endpoints import Endpoint
from monoservices.api.http import read_body, read_query
from monoservices.api.problems import Unavailable
from monoservices.database.errors import is_passing
from monoservices.files.uploads import UPLOAD_PARSERS, UPLOAD_TYPES

logger = logging.getLogger(__name__)


class ImportQuery(Struct, forbid_unknown_fields=True, kw_only=True):
    """The query string of an import."""

    dry_run: bool = False


class ProductImportView(APIView):
    scopes = {"POST": "products:write"}
    parser_classes = UPLOAD_PARSERS
    max_body = MAX_IMPORT_BYTES

    @Endpoint("import_products", query=ImportQuery, takes=UPLOAD_TYPES, response=ImportReport)
    def post(self, request: Request) -> StreamingHttpResponse:
        """Create and update products by SKU, from CSV, JSON Lines or Shopify's product CSV.

        Each row that is not valid is refused alone. Changing the stock of a product that exists
        also takes the scope `stock:write`. With `dry_run`, nothing is written.
        """
        query = read_query(request, ImportQuery)
        outcomes = import_products(
            read_products(read_body(request)),
            dry_run=query.dry_run,
            may_count="stock:write" in caller(request).scopes,
            actor=caller(request).actor,
        )
        try:
            return report_import(outcomes, dry_run=query.dry_run)
        except Error as error:
            if not is_passing(error):
                raise
            raise Unavailable(
                "The database is busy or away. Rows imported so far stay; send the file again."
            ) from None
        except OSError as error:
            logger.warning("cannot keep the report of an import: %s", error)
            raise Unavailable(
                "The server's disk is full. Rows imported so far stay; send the file again."
            ) from None
