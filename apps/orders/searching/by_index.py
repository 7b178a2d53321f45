"""A page of the orders that match, on PostgreSQL: no search reads all orders, however many match.

A page is taken from

1. the newest orders, which are compared one by one. They fill it if many orders match;
2. the index of texts. What it finds comes in no order, so it must not be asked for everything that
   matches if that is hundreds of thousands of orders. It knows stretches of ids, too. The page is
   looked for in the newest long stretches; then in all orders, which settles texts that few orders
   have. If many have it, the page is looked for in one long stretch after the other, and in one
   short stretch after the other where a long one has many;
3. the newest lines of each product whose SKU matches.

"Newest" is "next" where a request goes back to the page before.
"""

from apps.orders.searching.asked import Parts, Search, Wanted, beyond_page
from apps.orders.searching.products import orders_of_products
from apps.orders.searching.stretches import steps_through_stretches
from apps.orders.searching.texts import SHORT, TEXT
from monoservices.database.engines import engine
from monoservices.database.trigrams import Condition

RECENT = 500
"""How many of the newest orders are compared one by one."""


def page_by_index(orders: Condition, search: Search, wanted: Wanted) -> Condition:
    """SQL for the ids of a page of those orders that match. orders: which ones to look at."""
    parts = Parts()
    direction = "DESC" if wanted.descending else "ASC"
    recent = parts.add(_recent(orders, search, wanted))
    sql = f"""
        WITH RECURSIVE recent (id, found) AS MATERIALIZED ({recent}),
        {_seen(wanted)},
        {parts.add(steps_through_stretches(orders, search, wanted))}
        SELECT id FROM (
            SELECT id FROM recent WHERE found
            UNION SELECT unnest(ids) FROM step
            {parts.add(orders_of_products(orders, search, wanted))}
        ) AS f ORDER BY id {direction} LIMIT {wanted.limit}
    """  # noqa: S608 - made of constants and numbers
    return sql, parts.parameters


def _recent(orders: Condition, search: Search, wanted: Wanted) -> Condition:
    contains, parameters = engine().contains(TEXT, search.text)
    is_wanted, of_orders = orders
    beyond, of_beyond = beyond_page("orders_order.id", wanted)
    direction = "DESC" if wanted.descending else "ASC"
    sql = f"""
        SELECT orders_order.id, {contains} FROM orders_order WHERE {is_wanted} AND {beyond}
        ORDER BY orders_order.id {direction} LIMIT {RECENT}
    """  # noqa: S608
    return sql, [*parameters, *of_orders, *of_beyond]


def _seen(wanted: Wanted) -> str:
    """Where the comparing of recent orders has ended; no row if there are no other orders."""
    last = "min(id)" if wanted.descending else "max(id)"
    return f"""
        seen AS MATERIALIZED (
            SELECT {last} AS last, {last} >> {SHORT} AS first,
                count(*) FILTER (WHERE found)::int AS found
            FROM recent HAVING count(*) = {RECENT}
        )
    """  # noqa: S608
