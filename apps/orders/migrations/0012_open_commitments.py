from typing import Any

from django.db import migrations

from apps.orders.microservice_communication import OpenCommitment, open_commitments

CHUNK_SIZE = 2_000
"""How many orders one transaction opens."""
PENDING = """
    SELECT o.id, o.version, l.product_id, sum(l.quantity) AS units
    FROM (
        SELECT id, version FROM orders_order
        WHERE status = 'pending' AND id > %s ORDER BY id LIMIT %s
    ) AS o JOIN orders_orderline AS l ON l.order_id = o.id
    GROUP BY o.id, o.version, l.product_id ORDER BY o.id, l.product_id
"""


def open_pending_orders(apps: Any, schema_editor: Any) -> None:
    """Commit the units of each pending order: a movement of each of its products."""
    last = 0
    with schema_editor.connection.cursor() as cursor:
        while True:
            cursor.execute(PENDING, [last, CHUNK_SIZE])
            rows = cursor.fetchall()
            if not rows:
                return
            open_commitments(
                commitments=[
                    OpenCommitment(
                        product_id=product_id,
                        units=int(units),
                        reference=f"order:{order_id}",
                        revision=version,
                    )
                    for order_id, version, product_id, units in rows
                ]
            )
            last = rows[-1][0]


class Migration(migrations.Migration):
    """Pending orders from before stock had two quantities are committed from now on.

    In many transactions, because PostgreSQL checks foreign keys at COMMIT, and Tradepost waits for
    that no longer than for anything else. If this is interrupted, it goes on where it was.
    """

    atomic = False
    dependencies = [
        ("orders", "0011_paid_checked"),
        ("products", "0009_committed_of_all"),
    ]
    operations = [migrations.RunPython(open_pending_orders, migrations.RunPython.noop)]
