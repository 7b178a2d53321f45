"""Databases without guards, for controls."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, models


@contextmanager
def control_database() -> Iterator[None]:
    """Within the block, every connection leads to a copy of the database, made for it alone.

    To be entered outside of a transaction, and while no worker is at work.
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
    """Take constraints of a model out of the database that is in use."""
    meta = model._meta
    every = meta.constraints
    # SQLite's editor makes the table anew, with the constraints that the model has.
    meta.constraints = [each for each in every if each.name not in names]
    try:
        with connection.schema_editor() as editor:
            for each in every:
                if each.name in names:
                    editor.remove_constraint(model, each)
    finally:
        meta.constraints = every
