from typing import Any

from django.db import migrations, transaction

CHUNK_SIZE = 2_000
"""How many orders one transaction gives a shipment."""
CHUNK = """
    SELECT max(id) FROM (
        SELECT id FROM orders_order
        WHERE status IN ('shipped', 'delivered') AND id > %s ORDER BY id LIMIT %s
    ) AS o
"""
SHIPMENTS = """
    INSERT INTO orders_shipment (order_id, client_id, version, fingerprint, actor, created_at)
    SELECT o.id, o.client_id,
        (SELECT count(*) FROM orders_orderevent AS b WHERE b.order_id = o.id AND b.id <= e.id),
        '', e.actor, e.created_at
    FROM orders_order AS o JOIN orders_orderevent AS e ON e.order_id = o.id AND e.type = 'shipped'
    WHERE o.id > %s AND o.id <= %s AND o.status IN ('shipped', 'delivered')
        AND NOT EXISTS (SELECT 1 FROM orders_shipment AS s WHERE s.order_id = o.id)
    ORDER BY o.id
"""
LINES = """
    INSERT INTO orders_shipmentline (shipment_id, line_id, quantity)
    SELECT s.id, l.id, l.quantity
    FROM orders_shipment AS s JOIN orders_orderline AS l ON l.order_id = s.order_id
    WHERE s.order_id > %s AND s.order_id <= %s AND l.shipped_quantity = 0 ORDER BY l.id
"""
DELIVERIES = """
    INSERT INTO orders_delivery (shipment_id, actor, created_at)
    SELECT s.id, e.actor, e.created_at
    FROM orders_shipment AS s
    JOIN orders_orderevent AS e ON e.order_id = s.order_id AND e.type = 'delivered'
    WHERE s.order_id > %s AND s.order_id <= %s
        AND NOT EXISTS (SELECT 1 FROM orders_delivery AS d WHERE d.shipment_id = s.id)
    ORDER BY s.id
"""
SHIPPED = """
    UPDATE orders_orderline SET shipped_quantity = quantity
    WHERE shipped_quantity = 0 AND order_id IN (
        SELECT s.order_id FROM orders_shipment AS s WHERE s.order_id > %s AND s.order_id <= %s
    )
"""


def give_shipments(apps: Any, schema_editor: Any) -> None:
    """Give each order that is shipped its one shipment, and say of its lines that they left."""
    database = schema_editor.connection
    last = 0
    while True:
        with database.cursor() as cursor:
            cursor.execute(CHUNK, [last, CHUNK_SIZE])
            [[next_last]] = cursor.fetchall()
            if next_last is None:
                return
            with transaction.atomic(database.alias):
                for statement in (SHIPMENTS, LINES, DELIVERIES, SHIPPED):
                    cursor.execute(statement, [last, next_last])
        last = next_last


class Migration(migrations.Migration):
    """Orders that were shipped before shipments were kept have one from now on.

    In many transactions, so that none holds locks for long. If this is interrupted, it goes on
    where it was.
    """

    atomic = False
    dependencies = [("orders", "0016_shipments_append_only")]
    operations = [migrations.RunPython(give_shipments, migrations.RunPython.noop)]
