"""Which orders match a search: all of them, or a page."""

from django.db import connection
from django.db.models.expressions import RawSQL
from msgspec import UNSET

from apps.orders.microservice_communication import product_ids_by_part_of_sku
from apps.orders.models import Order, OrderQuerySet
from apps.orders.searching.asked import ALL, Search, Wanted, beyond_page
from apps.orders.searching.by_index import page_by_index
from apps.orders.searching.texts import HAS_TEXT, TEXT
from apps.orders.structs import OrderQuery
from monoservices.api.pagination import Cursors
from monoservices.database.engines import engine
from monoservices.database.rows import ColumnTypes, row_parameters, rows_from
from monoservices.database.trigrams import Condition

_ID: ColumnTypes = {"id": "bigint"}


def found_in(orders: OrderQuerySet, text: str) -> OrderQuerySet:
    """Those of `orders` that match, all of them. One statement, and one when they are read."""
    sql, parameters = all_ids(search_for(text))
    return orders.filter(pk__in=RawSQL(sql, parameters))  # noqa: S611 - made of constants


def found_on_page(
    orders: OrderQuerySet, text: str, query: OrderQuery, *, owner: int | None
) -> OrderQuerySet:
    """Those of `orders` that match `text` and may be on the page that `query` asks for.

    owner: the only client whose orders are in `orders`, or None.
    One statement, and one when they are read. Raises Invalid.
    """
    position = None if query.cursor is UNSET else Cursors(Order, "-id").read(query.cursor)
    wanted = Wanted(
        limit=query.limit + 1,
        beyond=None if position is None else position.after[1],
        descending=position is None or not position.backwards,
        owner=owner,
    )
    sql, parameters = page_ids(_condition(orders), search_for(text), wanted)
    return orders.filter(pk__in=RawSQL(sql, parameters))  # noqa: S611 - made of constants


def search_for(text: str) -> Search:
    """What a text is, with the products that it may be a part of. One statement."""
    return Search(text, tuple(product_ids_by_part_of_sku(texts=[text])[text]))


def all_ids(search: Search) -> Condition:
    """SQL for the ids of all orders that match, in no order."""
    may_contain, of_index = engine().may_contain(TEXT, search.text)
    contains, of_text = engine().contains(TEXT, search.text)
    sql = f"""
        SELECT orders_order.id FROM orders_order WHERE {may_contain} AND {HAS_TEXT} AND {contains}
        UNION
        SELECT l.order_id FROM orders_orderline AS l
        WHERE l.product_id IN (SELECT r.id FROM {rows_from(_ID)})
    """  # noqa: S608 - made of constants
    return sql, [*of_index, *of_text, *_rows(search)]


def page_ids(orders: Condition, search: Search, wanted: Wanted) -> Condition:
    """SQL for the ids of a page of those orders that match. orders: which ones to look at."""
    if engine().FINDS_PARTS:
        return page_by_index(orders, search, wanted)
    return _page_by_scan(orders, search, wanted)


def _page_by_scan(orders: Condition, search: Search, wanted: Wanted) -> Condition:
    contains, of_text = engine().contains(TEXT, search.text)
    is_wanted, of_orders = orders
    beyond, of_beyond = beyond_page("orders_order.id", wanted)
    sql = f"""
        SELECT orders_order.id FROM orders_order
        WHERE {is_wanted} AND {beyond} AND (
            {contains} OR EXISTS (
                SELECT 1 FROM orders_orderline AS l WHERE l.order_id = orders_order.id
                AND l.product_id IN (SELECT r.id FROM {rows_from(_ID)})
            )
        )
        ORDER BY orders_order.id {"DESC" if wanted.descending else "ASC"} LIMIT {wanted.limit}
    """  # noqa: S608 - made of constants, numbers and what Django compiled
    return sql, [*of_orders, *of_beyond, *of_text, *_rows(search)]


def _condition(orders: OrderQuerySet) -> Condition:
    """The condition for `orders`, which are of one table."""
    if not orders.query.where:
        return ALL
    compiler = orders.query.get_compiler(connection=connection)
    sql, parameters = compiler.compile(orders.query.where)
    return f"({sql})", [*parameters]


def _rows(search: Search) -> list[str | int | None]:
    return row_parameters(_ID, [{"id": key} for key in search.product_ids])
