"""Orders with lines of given products, on PostgreSQL."""

from apps.orders.searching.asked import ALL, Parts, Search, Wanted, beyond_page
from monoservices.database.trigrams import Condition

FEW_PRODUCTS = 300
"""Of so many products, the lines of each are looked up. Of more, one newest line after the other is
compared, because many of them match."""


def orders_of_products(orders: Condition, search: Search, wanted: Wanted) -> Condition:
    """Orders with lines of the products, as a further part of a UNION."""
    if not search.product_ids:
        return "", []
    ids = f"{{{','.join(map(str, search.product_ids))}}}"
    # Few orders of a client, or with some status, may be among many with the products.
    only_recent = (
        "SELECT l.order_id FROM recent JOIN orders_orderline AS l ON l.order_id = recent.id"
        " WHERE l.product_id = ANY(%s::bigint[]) AND NOT EXISTS (SELECT 1 FROM seen)"
    )
    parts = Parts()
    lines = parts.add(_lines(orders, wanted))
    direction = "DESC" if wanted.descending else "ASC"
    rest = f"ORDER BY l.order_id {direction} LIMIT {wanted.limit}"
    select = "SELECT DISTINCT l.order_id FROM orders_orderline AS l"
    if len(search.product_ids) <= FEW_PRODUCTS:
        of_each = f"{select} WHERE l.product_id = p.id AND {lines} {rest}"
        products = "unnest(%s::bigint[]) AS p (id)"
        newest = f"SELECT c.order_id FROM {products} CROSS JOIN LATERAL ({of_each}) AS c"  # noqa: S608
        return f"UNION {only_recent} UNION {newest}", [ids, ids, *parts.parameters]
    # IS TRUE keeps it a look-up in a hash table, for each line in the order of their orders.
    is_wanted = "(l.product_id IN (SELECT unnest(%s::bigint[]))) IS TRUE"
    newest = f"({select} WHERE {lines} AND {is_wanted} {rest})"
    return f"UNION {only_recent} UNION {newest}", [ids, *parts.parameters, ids]


def _lines(orders: Condition, wanted: Wanted) -> Condition:
    """A condition for lines `l`: of `orders`, and beyond the page before."""
    beyond, parameters = beyond_page("l.order_id", wanted)
    condition = f"EXISTS (SELECT 1 FROM seen) AND {beyond}"  # noqa: S608
    if orders == ALL:
        return condition, parameters
    is_wanted, of_orders = orders
    has_order = f"SELECT 1 FROM orders_order WHERE orders_order.id = l.order_id AND {is_wanted}"  # noqa: S608
    return f"{condition} AND EXISTS ({has_order})", [*parameters, *of_orders]
