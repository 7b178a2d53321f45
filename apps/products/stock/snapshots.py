"""Reading many products at once, as orders need them."""

from collections.abc import Iterable
from functools import cache
from typing import Literal

from monoservices.database.engines import engine
from monoservices.database.rows import ColumnTypes, row_parameters, rows_from
from monoservices.database.statements import enqueue

Lock = Literal["none", "wait", "skip"]
"""`wait` and `skip` lock rows until the transaction ends. Where another transaction has locked a
row, `wait` waits for it and `skip` leaves it out."""

Row = tuple[int, str, str, str, int, bool]
"""(id, sku, name, price as text, stock_quantity, is_active)"""

_ID: ColumnTypes = {"id": "bigint"}
_SKU: ColumnTypes = {"sku": "text"}


def read_rows(
    *, ids: Iterable[int] = (), skus: Iterable[str] = (), lock: Lock = "none"
) -> list[Row]:
    """The existing products among these ids and SKUs, in id order.

    One statement, whose text does not depend on how many products are asked for. Rows are locked in
    id order, as everywhere. SQLite needs no locks and ignores `lock`.
    Raises OperationalError if another transaction holds a lock for too long.
    """
    sent = [
        *row_parameters(_ID, [{"id": key} for key in ids]),
        *row_parameters(_SKU, [{"sku": sku} for sku in skus]),
    ]
    rows: list[Row] = enqueue(_statement(lock), sent).fetch()
    return rows


@cache
def _statement(lock: Lock) -> str:
    clause = "" if lock == "none" else engine().for_update("p", skip_locked=lock == "skip")
    price = engine().money_column("p.price")
    return f"""
        SELECT p.id, p.sku, p.name, {price}, p.stock_quantity, p.is_active
        FROM products_product AS p
        WHERE p.id IN (
            SELECT r.id FROM {rows_from(_ID)}
            UNION
            SELECT named.id FROM {rows_from(_SKU)}
            JOIN products_product AS named ON named.sku = r.sku
        )
        ORDER BY p.id {clause}
    """  # noqa: S608 - made of constants
