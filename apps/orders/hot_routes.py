"""The hot routes of orders: placing one, shipping one, reading one, and listing them.

Orders that come at the same time share a transaction.
"""

import time
from collections.abc import Sequence
from decimal import Decimal
from functools import partial

import msgspec

from apps.orders.answers import ORDER_COLUMNS, ChargeOut, LineOut, OrderOut, whole_order
from apps.orders.exceptions import OrderNotFound, OrdersError, ProductHeld
from apps.orders.fulfilment.hot import ShipOrder
from apps.orders.metrics import count_failure
from apps.orders.models import Order, OrderCharge, OrderLine
from apps.orders.operations import place_orders
from apps.orders.placing.requests import OrderRequest, PlacedOrder
from apps.orders.searching.hot import WEIGHT, SearchedPage, read_searched, searched_page
from apps.orders.serializers import requested_order
from apps.orders.structs import ChargeType, OrderQuery
from monoservices.api.hot_reads import AskedPage, HotById, HotList, ReadPage, sent
from monoservices.api.hot_routes import HotRequest, HotRoute, Look
from monoservices.api.http import REPLAYED
from monoservices.api.whole_response import WholeResponse
from monoservices.database.hot_rows import HotRows
from monoservices.database.json_rows import belonging_rows
from monoservices.database.statements import Row
from monoservices.services.scopes import Caller, Check

SKIP_LOCKED_SECONDS = 1.0
"""For how many seconds batches skip locked products, after one has waited for a lock in vain."""

_REPLAYED = {REPLAYED: "true"}
_VERSION, _CLIENT = len(ORDER_COLUMNS), len(ORDER_COLUMNS) + 1
_Amount = Decimal | None
_lines = msgspec.json.Decoder(
    list[tuple[int, int, str, str, Decimal, int, int, int, int, _Amount, _Amount]]
)
_charges = msgspec.json.Decoder(list[tuple[ChargeType, str, Decimal, _Amount, _Amount]])
ORDERS = HotRows(
    Order,
    (*ORDER_COLUMNS, "version", "client_id"),
    belonging=[
        partial(
            belonging_rows,
            OrderLine,
            belonging="order_id = t.id",
            columns=LineOut.__struct_fields__,
        ),
        partial(
            belonging_rows,
            OrderCharge,
            belonging="order_id = t.id",
            columns=ChargeOut.__struct_fields__,
            only_if="t.charges_total IS NOT NULL",
        ),
    ],
    owner="client_id",
)


def order_out(row: Row) -> OrderOut:
    """An order in a response, from a row of ORDERS."""
    *columns, _, _, lines, charges = row
    return whole_order(
        columns,
        [LineOut(*line) for line in _lines.decode(lines)],
        [ChargeOut(*charge) for charge in _charges.decode(charges)] if charges else [],
    )


class PlaceOrder(HotRoute[OrderRequest, PlacedOrder | OrdersError]):
    """POST orders/"""

    method, url_name = "POST", "order-list"
    queue = "orders"

    def __init__(self) -> None:
        self._skip_locked_until = 0.0

    def parse(self, request: HotRequest) -> OrderRequest:
        return requested_order(request.body, request.caller, request.idempotency_key)

    def weight(self, item: OrderRequest) -> int:
        return len(item.lines)

    def carry_out(
        self, items: Sequence[OrderRequest], check: Check | None = None
    ) -> Sequence[PlacedOrder | OrdersError | None]:
        skip_held = time.monotonic() < self._skip_locked_until
        outcomes = place_orders(items, skip_held=skip_held, check=check)
        if not skip_held and any(isinstance(outcome, ProductHeld) for outcome in outcomes):
            self._skip_locked_until = time.monotonic() + SKIP_LOCKED_SECONDS
        return outcomes

    def answer(self, item: OrderRequest, outcome: PlacedOrder | OrdersError) -> WholeResponse:
        if isinstance(outcome, OrdersError):
            raise outcome
        headers = _REPLAYED if outcome.replayed else {}
        return WholeResponse(201, outcome.response.encode(), headers=headers)

    def failed(self, error: Exception) -> None:
        count_failure(error)


class ReadOrder(HotById):
    """GET orders/{id}/"""

    url_name = "order"
    rows, missing = ORDERS, OrderNotFound

    def represent(self, row: Row) -> OrderOut:
        return order_out(row)

    def is_visible(self, row: Row, reader: Caller) -> bool:
        return row[_CLIENT] == reader.client_id or manages(reader)

    def headers(self, row: Row) -> dict[str, str]:
        return {"ETag": f'"{row[_VERSION]}"'}


class ListOrders(HotList):
    """GET orders/, without filters or with a search and no other filter."""

    url_name = "order-list"
    model, rows, query = Order, ORDERS, OrderQuery
    descending = True

    def represent(self, row: Row) -> OrderOut:
        return order_out(row)

    def owner(self, caller: Caller) -> int | None:
        return owner(caller)

    def parse(self, request: HotRequest) -> AskedPage | None:
        query = self.parse_query(request)
        if not query.search:
            return self.page(request, query) if sent(query) <= {"limit", "cursor"} else None
        if not sent(query) <= {"search", "limit", "cursor"}:
            return None
        return searched_page(self.page(request, query), query.search)

    def weight(self, item: AskedPage) -> int:
        return WEIGHT if isinstance(item, SearchedPage) else super().weight(item)

    def send(self, items: Sequence[AskedPage]) -> Look[ReadPage]:
        searched = [item for item in items if isinstance(item, SearchedPage)]
        look_at_rest = super().send([i for i in items if not isinstance(i, SearchedPage)])

        def look() -> list[ReadPage]:
            rest, found = iter(look_at_rest()), read_searched(searched, ORDERS)
            return [
                self._read(item, found[item]) if isinstance(item, SearchedPage) else next(rest)
                for item in items
            ]

        return look


def owner(caller: Caller) -> int | None:
    """The client whose orders this caller sees; None where that is every client."""
    return None if manages(caller) else caller.client_id


def manages(caller: Caller) -> bool:
    """Whether this caller sees the orders of every client."""
    return "orders:manage" in caller.scopes


ROUTES = [PlaceOrder, ShipOrder, ReadOrder, ListOrders]
