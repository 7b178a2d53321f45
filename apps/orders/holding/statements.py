"""The statements of holds, whose number does not depend on how many holds there are.

Whether a hold has expired is said by the database's clock, or by `at` where that is given.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from functools import cache

from msgspec import Struct

from apps.orders.microservice_communication import Lock, StockMove
from apps.orders.models import Order
from apps.orders.placing.holds import Hold
from apps.orders.placing.statements import stock_moves, write_events
from monoservices.database.engines import engine
from monoservices.database.rows import (
    ColumnTypes,
    moment_parameter,
    row_parameters,
    rows_from,
    update_rows,
)
from monoservices.database.statements import Parameter, PendingRows, enqueue

MOST_EXPIRED = 2_000
"""How many expired holds a batch looks at. The housekeeper leaves far fewer."""
MOST_LOCKED = 1_000
"""How many expired holds a batch locks."""

_ID: ColumnTypes = {"id": "bigint"}
_OWN: ColumnTypes = {"id": "bigint", "client_id": "bigint"}
_END: ColumnTypes = {
    "id": "bigint",
    "version": "integer",
    "canceled_because": "text",
    "status": "text",
    "updated_at": "timestamp",
}
_HELD = "o.status = 'pending' AND o.held_until IS NOT NULL"


class Ending(Struct, frozen=True):
    """A locked hold that is to be canceled. because: `requested` or `expired`."""

    hold: Hold
    because: str
    actor: str

    @property
    def version(self) -> int:
        """The order's version after it."""
        return self.hold.version + 1


def enqueue_products_of_expired(at: datetime | None) -> PendingRows:
    """Ask for the ids of products that expired holds have. Rows: (id,); an id may come again."""
    return enqueue(_products_statement(), [moment_parameter(at)], columns=1)


def lock_holds(
    own: Collection[tuple[int, int]],
    product_ids: Collection[int],
    *,
    lock: Lock,
    at: datetime | None,
) -> list[Hold]:
    """Lock orders in id order, until the transaction ends, and return them. Two statements.

    own: (order id, client id) of orders to lock, whether they are held or not, as far as they
        exist. product_ids: expired holds of these products are locked too.
    lock: `wait` or `skip`, which leaves out orders that another transaction has locked.
    Raises OperationalError if another transaction holds a lock for too long.
    """
    moment = moment_parameter(at)
    return _locked(
        _lock_statement(skip_locked=lock == "skip"),
        [
            moment,
            *row_parameters(_OWN, [{"id": key, "client_id": client} for key, client in own]),
            moment,
            *row_parameters(_ID, [{"id": key} for key in product_ids]),
        ],
    )


def lock_expired(*, limit: int, at: datetime | None) -> list[Hold]:
    """Lock expired holds, the oldest first, that nobody else has locked. Two statements."""
    moment = moment_parameter(at)
    return _locked(_sweep_statement(), [moment, moment, limit])


def any_expired(at: datetime | None) -> bool:
    """Whether a hold has expired. One statement, which locks nothing."""
    return bool(enqueue(_expired(1), [moment_parameter(at)], columns=1).fetch())


def end_holds(endings: Sequence[Ending], *, at: datetime) -> None:
    """Cancel locked holds, with their events: two statements. Their stock does not move here."""
    update_rows(
        Order,
        _END,
        [
            {"id": each.hold.id, "version": each.version, "canceled_because": each.because}
            for each in endings
        ],
        shared={"status": "canceled", "updated_at": at},
    )
    actors = {each.hold.id: each.actor for each in endings}
    versions = {each.hold.id: each.version for each in endings}
    write_events(actors, "canceled", versions=versions, at=at)


def released(endings: Iterable[Ending]) -> list[StockMove]:
    """The movements that put the units of canceled holds back."""
    return [
        move
        for each in endings
        for move in stock_moves(
            each.hold.id,
            {product_id: -units for product_id, units in each.hold.units.items()},
            revision=each.version,
            actor=each.actor,
        )
    ]


def _locked(statement: str, parameters: Sequence[Parameter]) -> list[Hold]:
    """The orders that a statement locks. A later one reads their lines, as they are by then."""
    orders = enqueue(statement, parameters).fetch()
    if not orders:
        return []
    units: defaultdict[int, dict[int, int]] = defaultdict(dict)
    lines = enqueue(_units_statement(), row_parameters(_ID, [{"id": row[0]} for row in orders]))
    for order_id, product_id, quantity in lines.fetch():
        units[order_id][product_id] = int(quantity)
    return [
        Hold(key, client, version, because, bool(is_held), bool(has_expired), units[key])
        for key, client, version, because, is_held, has_expired in orders
    ]


def _columns() -> str:
    return f"""
        o.id, o.client_id, o.version, coalesce(o.canceled_because, ''), ({_HELD}),
        ({_HELD} AND o.held_until <= {engine().moment_or_now()})
    """


def _expired(limit: int, order: str = "") -> str:
    """Expired holds, by the partial index that has nothing but holds."""
    return f"""
        SELECT o.id FROM orders_order AS o
        WHERE {_HELD} AND o.held_until <= {engine().moment_or_now()} {order} LIMIT {limit}
    """  # noqa: S608 - made of constants


@cache
def _products_statement() -> str:
    return f"""
        SELECT l.product_id
        FROM ({_expired(MOST_EXPIRED)}) AS e JOIN orders_orderline AS l ON l.order_id = e.id
    """  # noqa: S608 - made of constants


@cache
def _lock_statement(*, skip_locked: bool) -> str:
    return f"""
        SELECT {_columns()} FROM orders_order AS o
        WHERE o.id IN (
            SELECT own.id FROM {rows_from(_OWN)}
            JOIN orders_order AS own ON own.id = r.id AND own.client_id = r.client_id
            UNION
            SELECT id FROM (
                SELECT e.id FROM ({_expired(MOST_EXPIRED, "ORDER BY o.held_until")}) AS e
                WHERE EXISTS (
                    SELECT 1 FROM {rows_from(_ID)}
                    JOIN orders_orderline AS l ON l.order_id = e.id AND l.product_id = r.id
                )
                LIMIT {MOST_LOCKED}
            ) AS wanted
        )
        ORDER BY o.id {engine().for_update("o", skip_locked=skip_locked)}
    """  # noqa: S608 - made of constants


@cache
def _sweep_statement() -> str:
    return f"""
        SELECT {_columns()} FROM orders_order AS o
        WHERE {_HELD} AND o.held_until <= {engine().moment_or_now()}
        ORDER BY o.held_until LIMIT %s {engine().for_update("o", skip_locked=True)}
    """  # noqa: S608 - made of constants


@cache
def _units_statement() -> str:
    return f"""
        SELECT l.order_id, l.product_id, sum(l.quantity - l.canceled_quantity)
        FROM {rows_from(_ID)} JOIN orders_orderline AS l ON l.order_id = r.id
        GROUP BY l.order_id, l.product_id
    """  # noqa: S608 - made of constants
