"""Databases without guards, and holds that nobody has locked, for controls."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.db import connection, models

from apps.orders.holding.statements import Ending, end_holds, released
from apps.orders.microservice_communication import take_stock
from apps.orders.models import Order
from apps.orders.placing.holds import Hold
from monoservices.database.engines import engine


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
