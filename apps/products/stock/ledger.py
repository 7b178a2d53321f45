"""How rows of the stock ledger travel to the database."""

from monoservices.database.rows import ColumnTypes

MOVEMENT: ColumnTypes = {
    "product_id": "bigint",
    "delta": "integer",
    "quantity_after": "integer",
    "reason": "text",
    "reference": "text",
    "revision": "integer",
    "actor": "text",
    "note": "text",
    "created_at": "timestamp",
}
"""The columns of a movement without an idempotency key of its own."""
