"""Fill a shop with a long history by SQL: orders with lines, events and movements.

The rows are as operations would write them: the books are right, and every constraint holds. Keys
are random UUIDs, and every order has a reference, an e-mail address and the text of its first
response, because they decide how large tables and indexes are.
"""

from typing import Any

import psycopg
from psycopg import sql

WORK_MEM = "256MB"
"""For sorting movements of millions of orders."""

PRODUCTS = """
    INSERT INTO products_product (
        sku, name, folded_name, description, price, stock_quantity, is_active,
        created_at, updated_at
    )
    SELECT 'P-' || n, 'Product ' || n, 'product ' || n, '', 1 + n % 9000 / 100.0, {stock}, true,
        timestamptz '2025-01-01', timestamptz '2025-01-01'
    FROM generate_series(1, {products}) AS n
"""
RECEIVED = """
    INSERT INTO products_stockmovement (
        product_id, delta, quantity_after, committed_delta, committed_after, reason, reference,
        revision, actor, note, created_at
    )
    SELECT id, stock_quantity, stock_quantity, 0, 0, 'received', '', 0, 'command line', '',
        created_at
    FROM products_product ORDER BY id
"""
# Every tenth order was canceled, every tenth shipped, every tenth delivered. Two lines each, of
# different products, which go round as orders do, so that all products are sold equally often.
LINES_OF_NEW = """
    CREATE TEMPORARY TABLE filled_line ON COMMIT DROP AS
    WITH product AS (
        SELECT id, sku, name, price, row_number() OVER (ORDER BY id) - 1 AS place,
            count(*) OVER () AS many
        FROM products_product
    ), placed AS (
        SELECT last.id + n AS order_id, last.id + n AS turn, many
        FROM (SELECT coalesce(max(id), 0) AS id FROM orders_order) AS last,
            (SELECT count(*) AS many FROM products_product) AS products,
            generate_series(1, {orders}) AS n
    )
    SELECT order_id, product.id AS product_id, sku, name, price, 1 + turn % 3 AS quantity,
        CASE turn % 10 WHEN 0 THEN 'canceled' WHEN 1 THEN 'shipped' WHEN 2 THEN 'delivered'
            ELSE 'pending' END AS status,
        timestamptz '2025-06-01' + order_id * interval '3 seconds' AS moment
    FROM placed CROSS JOIN LATERAL (
        VALUES (turn % many), ((turn + 1 + turn / many % (many - 1)) % many)
    ) AS chosen (place) JOIN product ON product.place = chosen.place
"""
ORDERS = """
    INSERT INTO orders_order (
        id, client_id, status, currency, total, reference, customer_email, shipping_address,
        metadata, idempotency_key, fingerprint, first_answer, version, created_at, updated_at
    )
    SELECT order_id, client.id, status, 'EUR', sum(price * quantity), 'R-' || order_id,
        'customer' || order_id % 100000 || '@example.com',
        '{{"street": "Long Road 1", "city": "Sometown"}}', '{{}}', gen_random_uuid(),
        md5(order_id::text) || md5((-order_id)::text),
        json_build_object(
            'id', order_id, 'status', 'pending', 'currency', 'EUR',
            'total', sum(price * quantity)::text, 'reference', 'R-' || order_id,
            'customer_email', 'customer' || order_id % 100000 || '@example.com',
            'shipping_address', '{{"street": "Long Road 1", "city": "Sometown"}}'::json,
            'metadata', '{{}}'::json, 'created_at', moment, 'updated_at', moment,
            'lines', json_agg(json_build_object(
                'product_id', product_id, 'sku', sku, 'product_name', name,
                'unit_price', price::text, 'quantity', quantity
            ))
        ),
        CASE status WHEN 'pending' THEN 1 WHEN 'delivered' THEN 3 ELSE 2 END, moment, moment
    FROM filled_line CROSS JOIN (SELECT max(id) AS id FROM accounts_client) AS client
    GROUP BY order_id, client.id, status, moment ORDER BY order_id
"""
LINES = """
    INSERT INTO orders_orderline
        (order_id, product_id, sku, product_name, unit_price, quantity, shipped_quantity)
    SELECT order_id, product_id, sku, name, price, quantity,
        CASE WHEN status IN ('shipped', 'delivered') THEN quantity ELSE 0 END
    FROM filled_line ORDER BY order_id
"""
SHIPMENTS = """
    INSERT INTO orders_shipment (order_id, client_id, version, fingerprint, actor, created_at)
    SELECT DISTINCT f.order_id, o.client_id, 2, '', 'client:1', f.moment
    FROM filled_line AS f JOIN orders_order AS o ON o.id = f.order_id
    WHERE f.status IN ('shipped', 'delivered') ORDER BY f.order_id
"""
SHIPPED = """
    INSERT INTO orders_shipmentline (shipment_id, line_id, quantity)
    SELECT s.id, l.id, l.quantity
    FROM orders_shipment AS s JOIN orders_orderline AS l ON l.order_id = s.order_id
    WHERE s.order_id IN (SELECT order_id FROM filled_line) ORDER BY s.id, l.id
"""
DELIVERIES = """
    INSERT INTO orders_delivery (shipment_id, actor, created_at)
    SELECT id, 'client:1', created_at FROM orders_shipment
    WHERE order_id IN (SELECT order_id FROM filled_line WHERE status = 'delivered') ORDER BY id
"""
EVENTS = """
    INSERT INTO orders_orderevent
        (order_id, type, from_status, to_status, actor, version, data, created_at)
    SELECT order_id, type, before, after, 'client:1', number, '{{}}'::jsonb, moment
    FROM filled_line JOIN (VALUES
        (1, 'placed', '', 'pending', ARRAY['pending', 'shipped', 'delivered', 'canceled']),
        (2, 'shipped', 'pending', 'shipped', ARRAY['shipped', 'delivered']),
        (2, 'canceled', 'pending', 'canceled', ARRAY['canceled']),
        (3, 'delivered', 'shipped', 'delivered', ARRAY['delivered'])
    ) AS event (number, type, before, after, of) ON status = ANY (event.of)
    GROUP BY order_id, number, type, before, after, moment ORDER BY order_id, number
"""
MOVEMENTS = """
    INSERT INTO products_stockmovement (
        product_id, delta, quantity_after, committed_delta, committed_after, reason, reference,
        revision, actor, note, created_at
    )
    SELECT product_id, delta, stock_quantity + sum(delta) OVER so_far,
        committed, committed_quantity + sum(committed) OVER so_far,
        reason, 'order:' || order_id, revision, 'client:1', '', moment
    FROM (
        SELECT order_id, product_id, -quantity AS delta, quantity AS committed, 'sold' AS reason,
            1 AS revision, moment
        FROM filled_line
        UNION ALL
        SELECT order_id, product_id, quantity, -quantity, 'released', 2, moment
        FROM filled_line WHERE status = 'canceled'
        UNION ALL
        SELECT order_id, product_id, 0, -quantity, 'shipped', 2, moment
        FROM filled_line WHERE status IN ('shipped', 'delivered')
    ) AS moved JOIN products_product AS p ON p.id = product_id
    WINDOW so_far AS (PARTITION BY product_id ORDER BY order_id, revision)
    ORDER BY order_id, revision, product_id
"""
STOCK = """
    UPDATE products_product AS p SET stock_quantity = stock_quantity - sold,
        committed_quantity = committed_quantity + waiting
    FROM (
        SELECT product_id, sum(quantity) AS sold,
            coalesce(sum(quantity) FILTER (WHERE status = 'pending'), 0) AS waiting
        FROM filled_line WHERE status <> 'canceled' GROUP BY product_id
    ) AS taken WHERE p.id = product_id
"""
SEQUENCE = """
    SELECT setval(pg_get_serial_sequence('orders_order', 'id'), max(id)) FROM orders_order
"""
OF_ORDERS = (ORDERS, LINES, EVENTS, SHIPMENTS, SHIPPED, DELIVERIES)


def add_products(connection: "psycopg.Connection[Any]", products: int, *, stock: int) -> None:
    """Add products to a shop without any, with so many units of each."""
    with connection.transaction():
        numbers = {"products": sql.Literal(products), "stock": sql.Literal(stock)}
        connection.execute(sql.SQL(PRODUCTS).format(**numbers))
        connection.execute(RECEIVED)


def add_orders(connection: "psycopg.Connection[Any]", orders: int) -> None:
    """Add so many orders of the newest client to a shop with at least two products.

    connection: of a superuser, in autocommit mode. The stock must suffice: an order takes up to
    three units of two products.
    """
    with connection.transaction():
        connection.execute(sql.SQL("SET LOCAL work_mem = {}").format(WORK_MEM))
        # Skip the checks of foreign keys, because all ids are known to exist.
        connection.execute("SET LOCAL session_replication_role = replica")
        connection.execute(sql.SQL(LINES_OF_NEW).format(orders=sql.Literal(orders)))
        for statement in (*OF_ORDERS, MOVEMENTS, STOCK, SEQUENCE):
            connection.execute(sql.SQL(statement).format())
    for statement in ("VACUUM ANALYZE", "CHECKPOINT"):
        connection.execute(statement)
