"""Reading and moving the stock of many products at once, for orders that are placed or changed."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any, Literal

from msgspec import Struct

from monoservices.database.engines import engine
from monoservices.database.rows import ColumnTypes, row_parameters, rows_from
from monoservices.database.statements import AFTER_THE_OTHERS, enqueue

Lock = Literal["none", "wait", "skip"]
"""`wait` and `skip` lock rows until the transaction ends. Where another transaction has locked a
row, `wait` waits for it and `skip` leaves it out."""

Row = tuple[int, str, str, str, int, bool]
"""(id, sku, name, price as text, stock_quantity, is_active)"""


class StockMove(Struct, frozen=True, kw_only=True):
    """One movement of a product to make, for the document `reference`.

    delta: units more to sell. committed_delta: units more that are promised and not yet shipped.
    """

    product_id: int
    delta: int
    committed_delta: int = 0
    reason: str
    reference: str
    revision: int
    actor: str


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
    columns = 0 if lock != "none" else 6
    rows: list[Row] = enqueue(_read_statement(lock), sent, columns=columns).fetch()
    return rows


def move_stock(
    *,
    moves: Sequence[StockMove],
    prices: Mapping[int, Decimal] | None = None,
    at: datetime | None = None,
) -> None:
    """Make any number of movements: one statement on PostgreSQL, two on SQLite.

    prices: what each product cost when it was read, by id. If given, a product that costs something
        else by now, or is archived, refuses all movements.
    Call it last in a transaction: it locks the products, in id order, until the commit. Constraints
    reject what must not happen, so a pipelined transaction goes on to COMMIT without waiting.
    Raises IntegrityError if a product is missing or has changed since it was read (its movement
    then has no `quantity_after`), if a sale would leave less than nothing to sell, and if the same
    product, reason, reference and revision moved before.
    """
    changes, ledger = _rows(moves, prices)
    # Selling and releasing leave what is on hand as it is. Then nothing more is sent.
    columns = _KEEPING if all(m.committed_delta == -m.delta for m in moves) else _ANY
    locks_rows = engine().LOCKS_ROWS
    # Where the statement waits for locks, it reads the clock itself, after them.
    shared = {"now": at if locks_rows else at or engine().now()}
    of_changes = row_parameters(columns.changes, changes, shared=shared)
    of_moves = row_parameters(columns.moves, ledger, shared=shared)
    if locks_rows:
        enqueue(_one_statement(columns), of_changes + of_moves)
    else:
        stock, movements = _two_statements(columns)
        enqueue(stock, of_changes)
        enqueue(movements, of_moves)


def _rows(
    moves: Sequence[StockMove], prices: Mapping[int, Decimal] | None
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The changes of products, and the movements, the last one first."""
    totals: defaultdict[int, int] = defaultdict(int)
    committed: defaultdict[int, int] = defaultdict(int)
    ledger: list[dict[str, Any]] = []
    for move in reversed(moves):
        ledger.append(
            {
                "position": -len(ledger),
                "product_id": move.product_id,
                "delta": move.delta,
                "committed_delta": move.committed_delta,
                # The ledger's statement reads the stock after all moves, later ones included.
                "later": totals[move.product_id],
                "committed_later": committed[move.product_id],
                "price": prices and prices[move.product_id],
                "reason": move.reason,
                "reference": move.reference,
                "revision": move.revision,
                "actor": move.actor,
            }
        )
        totals[move.product_id] += move.delta
        committed[move.product_id] += move.committed_delta
    changes = [
        {
            "id": key,
            "delta": delta,
            "committed_delta": committed[key],
            "price": prices and prices[key],
        }
        for key, delta in totals.items()
    ]
    return changes, ledger


class _Columns(Struct, frozen=True, eq=False):
    """The columns of rows that are sent, and SQL for what is committed by a row `r`.

    later: what later movements of the product commit.
    """

    changes: ColumnTypes
    moves: ColumnTypes
    committed: str
    later: str


_ID: ColumnTypes = {"id": "bigint"}
_SKU: ColumnTypes = {"sku": "text"}
_CHANGES: ColumnTypes = {
    "id": "bigint",
    "delta": "integer",
    "price": "numeric",
    "now": "timestamp",
}
_MOVES: ColumnTypes = {
    "position": "integer",
    "product_id": "bigint",
    "delta": "integer",
    "later": "integer",
    "price": "numeric",
    "reason": "text",
    "reference": "text",
    "revision": "integer",
    "actor": "text",
    "now": "timestamp",
}
_COMMITTED: ColumnTypes = {"committed_delta": "integer"}
_KEEPING = _Columns(_CHANGES, _MOVES, "-r.delta", "-r.later")
_ANY = _Columns(
    {**_CHANGES, **_COMMITTED},
    {**_MOVES, **_COMMITTED, "committed_later": "integer"},
    "r.committed_delta",
    "r.committed_later",
)
_SHARED = ("now",)
_AS_IT_WAS_READ = "(r.price IS NULL OR (p.is_active AND p.price = r.price))"
_LEDGER = """
    INSERT INTO products_stockmovement (
        quantity_after, committed_after, product_id, delta, committed_delta, reason, reference,
        revision, actor, note, created_at
    )
"""
_MOVEMENT = "r.reason, r.reference, r.revision, r.actor, ''"


@cache
def _read_statement(lock: Lock) -> str:
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


@cache
def _one_statement(columns: _Columns) -> str:
    """Lock in id order, check price and state again, change the stock, write the ledger.

    The clock is read after the last lock. Two batches that want the same products cannot deadlock.
    The ledger takes the stock from the UPDATE: a second statement could see another state of the
    product. It looks quantities up in JSON objects, because PostgreSQL would plan a join of many
    movements with many products as a nested loop (see `monoservices.database.pipelining`).
    """
    return f"""
        WITH locked AS (
            SELECT p.id, r.delta, {columns.committed} AS committed_delta, r.now
            FROM {rows_from(columns.changes, shared=_SHARED)}
            JOIN products_product AS p ON p.id = r.id
            WHERE {_AS_IT_WAS_READ} AND {AFTER_THE_OTHERS}
            ORDER BY p.id
            FOR NO KEY UPDATE OF p
        ), moment AS (
            SELECT coalesce(max(now), clock_timestamp()) AS now FROM locked
        ), updated AS (
            UPDATE products_product AS p
            SET stock_quantity = p.stock_quantity + locked.delta,
                committed_quantity = p.committed_quantity + locked.committed_delta,
                updated_at = moment.now
            FROM locked CROSS JOIN moment WHERE p.id = locked.id
            RETURNING p.id, p.stock_quantity, p.committed_quantity
        ), stock AS (
            SELECT jsonb_object_agg(id, stock_quantity) AS by_id,
                jsonb_object_agg(id, committed_quantity) AS committed
            FROM updated
        )
        {_LEDGER}
        SELECT (stock.by_id ->> r.product_id::text)::integer - r.later,
            (stock.committed ->> r.product_id::text)::integer - ({columns.later}),
            r.product_id, r.delta, {columns.committed}, {_MOVEMENT}, moment.now
        FROM {rows_from(columns.moves, shared=_SHARED)} CROSS JOIN stock CROSS JOIN moment
        ORDER BY r.position
    """  # noqa: S608 - made of constants


@cache
def _two_statements(columns: _Columns) -> tuple[str, str]:
    """The same for a database with one writer at a time, which needs no locks."""
    stock = f"""
        UPDATE products_product AS p
        SET stock_quantity = stock_quantity + r.delta,
            committed_quantity = committed_quantity + ({columns.committed}),
            updated_at = r.now
        FROM {rows_from(columns.changes, shared=_SHARED)} WHERE p.id = r.id AND {_AS_IT_WAS_READ}
    """  # noqa: S608 - made of constants
    ledger = f"""
        {_LEDGER}
        SELECT p.stock_quantity - r.later, p.committed_quantity - ({columns.later}),
            r.product_id, r.delta, {columns.committed}, {_MOVEMENT}, r.now
        FROM {rows_from(columns.moves, shared=_SHARED)}
            LEFT JOIN products_product AS p ON p.id = r.product_id AND {_AS_IT_WAS_READ}
        ORDER BY r.position
    """  # noqa: S608 - made of constants
    return stock, ledger
