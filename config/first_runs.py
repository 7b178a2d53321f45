"""What the services bring for `make run`: example data, and a command to begin with."""

from collections.abc import Iterator
from importlib import import_module
from typing import Any

from django.utils.module_loading import module_has_submodule

from monoservices.services.config import served_services


def first_runs() -> Iterator[Any]:
    """The `first_run` modules of the served services.

    Each has `fill()`, which creates example data in an empty shop;
    `first_steps(*, address, key)`, what the terminal says to do with it; and
    `first_command(*, address, key)`, which gives the first page a title, a command and what comes
    of it, without a query.
    """
    for service in served_services():
        if module_has_submodule(service.module, "first_run"):
            yield import_module(f"{service.name}.first_run")
