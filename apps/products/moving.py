"""Moving the stock of many products at once: what placing and changing orders does."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.db import connection
from django.utils import timezone
from msgspec import Struct, structs

from apps.products.exceptions import ProductChanged
from monoservices.database import as_json_rows, as_timestamp, for_update, rows_from_json


class StockMove(Struct, frozen=True, kw_only=True):
    """One movement to make: `delta` units of a product, for the document `reference`."""

    product_id: int
    delta: int
    reason: str
    reference: str
    revision: int
    actor: str


def move_stock(*, moves: Sequence[StockMove], prices: Mapping[int, Decimal] | None = None) -> None:
    """Make many movements, in two statements, whatever their number.

    prices: where given, what each product cost when it was read, by its id; one that costs
        something else by now, or is archived, refuses them all.
    The products are locked in the order of their ids. To be called last in a transaction, so that
    the locks are held only from here to the commit.
    Raises ProductChanged; IntegrityError where stock would leave its bounds, or where a movement
    was made before for the same product, reason, reference and revision.
    """
    now = as_timestamp(timezone.now())
    totals: defaultdict[int, int] = defaultdict(int)
    ledger: list[dict[str, Any]] = []
    for move in reversed(moves):
        # What follows in these moves is in the stock that the ledger's statement reads.
        later = totals[move.product_id]
        ledger.append({"later": later, "now": now, "position": -len(ledger)} | structs.asdict(move))
        totals[move.product_id] += move.delta
    changes = [
        {"id": key, "delta": delta, "price": prices and prices[key], "now": now}
        for key, delta in totals.items()
    ]
    with connection.cursor() as cursor:
        cursor.execute(_stock_sql(), [as_json_rows(changes)])
        if cursor.rowcount != len(changes):
            raise ProductChanged
        cursor.execute(_ledger_sql(), [as_json_rows(ledger)])


def _stock_sql() -> str:
    """Lock in the order of ids, look once more at what was relied on, and add.

    Two batches that want the same products cannot wait for each other in a circle.
    """
    rows = rows_from_json(
        {"id": "bigint", "delta": "integer", "price": "numeric", "now": "timestamp"}
    )
    # A subquery rather than a CTE: for Python's sqlite3, only a statement that begins with UPDATE
    # counts its rows.
    return f"""
        UPDATE products_product
        SET stock_quantity = stock_quantity + locked.delta, updated_at = locked.now
        FROM (
            SELECT p.id, r.delta, r.now
            FROM products_product AS p JOIN {rows} ON p.id = r.id
            WHERE r.price IS NULL OR (p.is_active AND p.price = r.price)
            ORDER BY p.id {for_update("p")}
        ) AS locked
        WHERE products_product.id = locked.id
    """  # noqa: S608 - made of constants


def _ledger_sql() -> str:
    rows = rows_from_json(
        {
            "position": "integer",
            "product_id": "bigint",
            "delta": "integer",
            "later": "integer",
            "reason": "text",
            "reference": "text",
            "revision": "integer",
            "actor": "text",
            "now": "timestamp",
        }
    )
    return f"""
        INSERT INTO products_stockmovement (
            product_id, delta, quantity_after, reason, reference, revision, actor, note, created_at
        )
        SELECT r.product_id, r.delta, p.stock_quantity - r.later, r.reason, r.reference,
            r.revision, r.actor, '', r.now
        FROM {rows} JOIN products_product AS p ON p.id = r.product_id
        ORDER BY r.position
    """  # noqa: S608 - made of constants
