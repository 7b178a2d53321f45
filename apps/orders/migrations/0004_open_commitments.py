from typing import Any

from django.db import migrations

from apps.orders.microservice_communication import OpenCommitment, open_commitments
from monoservices.database.engines import engine_of

CHUNK_SIZE = 10_000
PENDING = """
    SELECT l.product_id, sum(l.quantity) AS units, o.id, o.version
    FROM orders_order AS o JOIN orders_orderline AS l ON l.order_id = o.id
    WHERE o.status = 'pending'
    GROUP BY l.product_id, o.id, o.version ORDER BY l.product_id, o.id
"""


def open_pending_orders(apps: Any, schema_editor: Any) -> None:
    """Commit the units of each pending order: a movement of each of its products."""
    database = schema_editor.connection
    with engine_of(database).long_statements(database), database.chunked_cursor() as cursor:
        cursor.execute(PENDING)
        while rows := cursor.fetchmany(CHUNK_SIZE):
            open_commitments(
                commitments=[
                    OpenCommitment(
                        product_id=product_id,
                        units=int(units),
                        reference=f"order:{order_id}",
                        revision=version,
                    )
                    for product_id, units, order_id, version in rows
                ]
            )


class Migration(migrations.Migration):
    """Pending orders from before stock had two quantities are committed from now on."""

    dependencies = [
        ("orders", "0003_append_only_again"),
        ("products", "0009_committed_of_all"),
    ]
    operations = [migrations.RunPython(open_pending_orders, migrations.RunPython.noop)]
