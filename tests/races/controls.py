"""Databases without guards, and orders that nobody locks, for controls."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

import pytest
from django.db import connection, models

from apps.orders.fulfilment import statements as fulfilment_statements
from apps.orders.holding.statements import Ending, end_holds, released
from apps.orders.microservice_communication import take_stock
from apps.orders.models import Order, OrderQuerySet
from apps.orders.placing.holds import Hold
from monoservices.database.engines import engine

Result = TypeVar("Result")


@contextmanager
def control_database() -> Iterator[None]:
    """In the block, every connection goes to a copy of the database, made for this block alone.

    Enter it outside of a transaction, while no worker is busy.
    """
    original = connection.settings_dict["NAME"]
    connection.creation.clone_test_db(suffix="control", verbosity=0)
    clone = connection.creation.get_test_db_clone_settings("control")["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = clone
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = original
        connection.creation.destroy_test_db(suffix="control", verbosity=0)


def drop_constraints(model: type[models.Model], *names: str) -> None:
    """Drop constraints of a model from the database in use.

    On SQLite, the trigger goes too that keeps rows of an append-only table from being replaced: it
    looks for the same keys.
    """
    meta = model._meta
    every = meta.constraints
    # On SQLite, the schema editor creates the table again, with the constraints of the model.
    meta.constraints = [each for each in every if each.name not in names]
    try:
        with connection.schema_editor() as editor:
            for each in every:
                if each.name in names:
                    editor.remove_constraint(model, each)
            if connection.vendor == "sqlite":
                editor.execute(f"DROP TRIGGER IF EXISTS {meta.db_table}_no_REPLACE")
    finally:
        meta.constraints = every


def seen(order: Order) -> Hold:
    """The order's hold, as the order was read; nothing is locked."""
    assert order.is_held
    units = {row.product_id: row.quantity for row in order.lines.all()}
    return Hold(order.pk, order.client_id, 1, "", is_held=True, has_expired=True, units=units)


def end_holds_seen(holds: Sequence[Hold], because: str) -> None:
    """Cancel orders as they were seen, whatever became of them since, and put their units back."""
    endings = [Ending(hold, because, "x") for hold in holds]
    end_holds(endings, at=engine().now())
    take_stock(moves=released(endings))


def unlock_orders(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nobody lock an order any more. Workers that are processes would not notice."""
    assert engine().LOCKS_ROWS
    lock, clause = fulfilment_statements._lock_statement, engine().for_update("o")
    assert clause in lock()
    monkeypatch.setattr(
        fulfilment_statements, "_lock_statement", lambda: lock().replace(clause, "")
    )
    monkeypatch.setattr(OrderQuerySet, "select_for_update", lambda orders, **_: orders)


def locks_or_writes(sql: str) -> bool:
    """Whether a statement locks rows or writes some."""
    return "FOR NO KEY UPDATE" in sql or sql.startswith(("INSERT", "UPDATE"))


@contextmanager
def before_its_first_write(step: Callable[[], object]) -> Iterator[None]:
    """Take a step on another connection when this one has read, before it locks or writes."""
    remaining = [step]

    def wrapper(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if remaining and locks_or_writes(sql):
            elsewhere(remaining.pop())
        return execute(sql, *rest)

    with connection.execute_wrapper(wrapper):
        yield
    assert not remaining


def elsewhere(call: Callable[[], Result]) -> Result:
    """Call it on another connection, wait for it, and return the result."""

    def run() -> Result:
        try:
            return call()
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=1) as pool:
        return pool.submit(run).result(timeout=10)
