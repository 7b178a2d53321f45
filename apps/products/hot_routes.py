"""The hot routes of products: reading one, listing them, and what a shop's page shows of many."""

from collections.abc import Sequence
from typing import Any

import msgspec
from django.conf import settings
from msgspec import Struct

from apps.products.exceptions import ProductNotFound
from apps.products.models import Product
from apps.products.serializers import (
    Availability,
    AvailabilityOut,
    AvailabilityQuery,
    ProductOut,
    ProductQuery,
)
from monoservices.api.hot_reads import AskedPage, HotById, HotList, ReadPage, sent
from monoservices.api.hot_routes import HotRead, HotRequest, Look
from monoservices.api.http import parse_query
from monoservices.api.types import ids_in
from monoservices.api.whole_response import WholeResponse
from monoservices.database.hot_rows import HotRows
from monoservices.database.statements import Row

_COLUMNS = tuple(
    name for name in ProductOut.__struct_fields__ if name not in {"currency", "on_hand"}
)
_STOCK, _COMMITTED = _COLUMNS.index("stock_quantity"), _COLUMNS.index("committed_quantity")
PRODUCTS = HotRows(Product, _COLUMNS)
AVAILABLE = HotRows(Product, ("id", "price", "stock_quantity", "is_active"))


def product_out(row: Row) -> ProductOut:
    """A product in a response, from a row of PRODUCTS."""
    columns = dict(zip(_COLUMNS, row, strict=True))
    on_hand = row[_STOCK] + row[_COMMITTED]
    return ProductOut(currency=settings.CURRENCY, on_hand=on_hand, **columns)


class ReadProduct(HotById):
    """GET products/{id}/"""

    url_name = "product"
    rows, missing = PRODUCTS, ProductNotFound

    def represent(self, row: Row) -> ProductOut:
        return product_out(row)


class Named(Struct, frozen=True):
    """Products that a request names by their ids or SKUs."""

    column: str
    values: tuple[Any, ...]


class ListProducts(HotList):
    """GET products/, without filters or with up to 100 ids or SKUs."""

    url_name = "product-list"
    model, rows, query = Product, PRODUCTS, ProductQuery

    def represent(self, row: Row) -> ProductOut:
        return product_out(row)

    def parse(self, request: HotRequest) -> Any:
        query = self.parse_query(request)
        match sorted(sent(query)):
            case ["ids"]:
                return Named("id", ids_in(query.ids))
            case ["sku"]:
                return Named("sku", tuple(query.sku))
            case names if {"limit", "cursor"}.issuperset(names):
                return self.page(request, query)
        return None

    def weight(self, item: Any) -> int:
        return len(item.values) if isinstance(item, Named) else super().weight(item)

    def send(self, items: Sequence[Any]) -> Look[ReadPage]:
        pages = super().send([item for item in items if isinstance(item, AskedPage)])
        fetch = {column: PRODUCTS.by(column, _values(items, column)) for column in ("id", "sku")}

        def look() -> list[ReadPage]:
            read, found = iter(pages()), {column: rows() for column, rows in fetch.items()}
            return [
                self._named(item, found[item.column]) if isinstance(item, Named) else next(read)
                for item in items
            ]

        return look

    def answer(self, item: Any, outcome: ReadPage) -> WholeResponse:
        if isinstance(item, Named):
            body = b'{"results":' + outcome.results + b',"next":null,"previous":null}'
            return WholeResponse(200, body)
        return super().answer(item, outcome)

    def _named(self, item: Named, found: dict[Any, Row]) -> ReadPage:
        return ReadPage(self.encode(sorted(found[each] for each in {*item.values} & found.keys())))


class ReadAvailability(HotRead[tuple[int, ...], bytes]):
    """GET products/availability/?ids="""

    url_name = "product-availability"

    def parse(self, request: HotRequest) -> tuple[int, ...]:
        return ids_in(parse_query(request.query, AvailabilityQuery).ids)

    def weight(self, item: tuple[int, ...]) -> int:
        return len(item)

    def send(self, items: Sequence[tuple[int, ...]]) -> Look[bytes]:
        fetch = AVAILABLE.by("id", [key for ids in items for key in ids])

        def look() -> list[bytes]:
            rows = fetch()
            return [_availability([rows[key] for key in ids if key in rows]) for ids in items]

        return look

    def answer(self, item: tuple[int, ...], outcome: bytes) -> WholeResponse:
        return WholeResponse(200, outcome)


def _values(items: Sequence[Any], column: str) -> list[Any]:
    return [
        value
        for item in items
        if isinstance(item, Named) and item.column == column
        for value in item.values
    ]


def _availability(rows: Sequence[Row]) -> bytes:
    results = [
        AvailabilityOut(key, max(0, stock) if is_active else 0, price, settings.CURRENCY)
        for key, price, stock, is_active in rows
    ]
    return msgspec.json.encode(Availability(results))


ROUTES = [ReadProduct, ListProducts, ReadAvailability]
