"""The guard watches every statement, and knows which service runs it and whose tables it touches.

A static check sees code as written; the guard sees statements as they run. A QuerySet that leaked
out of a communication module, `line.product.name`, a method of another service's instance: each
ends in a statement, and the call stack tells which service runs it. `judging.py` has the rules.
docs/explanation/boundaries.md says what the guard cannot see.
"""

import logging
import sys
from collections.abc import Callable
from functools import cache
from typing import Any

from django.apps import apps
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

from monoservices.boundaries.guard.call_stack import calls, place_of_module
from monoservices.boundaries.guard.judging import BoundaryViolation, judge
from monoservices.boundaries.guard.statements import Tables

logger = logging.getLogger(__name__)


class Guard:
    """Watches every statement of every connection from `start` to `stop`.

    report: receives each violation before the statement runs. If it raises, the statement does not
        run.
    """

    def __init__(self, report: Callable[[BoundaryViolation], None]) -> None:
        self._report = report
        self._installed: _Installed | None = None

    def start(self) -> None:
        """Watch the open connections, and those that threads open later."""
        connection_created.connect(self._watch, weak=False, dispatch_uid=id(self))
        for connection in connections.all(initialized_only=True):
            self._watch(connection=connection)

    def stop(self) -> None:
        """Stop watching. Open connections of other threads stay watched."""
        connection_created.disconnect(dispatch_uid=id(self))
        for connection in connections.all(initialized_only=True):
            if self in connection.execute_wrappers:
                connection.execute_wrappers.remove(self)

    def _watch(self, connection: BaseDatabaseWrapper, **_: Any) -> None:
        # In front: a temporary wrapper removes the last wrapper when it ends.
        if self not in connection.execute_wrappers:
            connection.execute_wrappers.insert(0, self)

    def __call__(
        self, execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any
    ) -> Any:
        """Django calls this around the execution of each statement."""
        installed = self._installed_now()
        if installed is not None:
            statement = installed.tables.statement(sql)
            if statement.tables or statement.references:
                found = calls(sys._getframe(1), installed.place_of, is_read=statement.is_read)  # noqa: SLF001 - documented
                violation = found and judge(statement, found, installed.tables.owners)
                if violation:
                    violation.sql = str(sql)
                    self._report(violation)
        return execute(sql, params, many, context)

    def _installed_now(self) -> "_Installed | None":
        """The services that are installed; None while Django loads apps."""
        if self._installed is None or self._installed.configs is not apps.app_configs:
            if not apps.models_ready:
                return None
            self._installed = _Installed()
        return self._installed


class _Installed:
    """Tables and modules of the installed services, until other apps are installed."""

    def __init__(self) -> None:
        self.configs = apps.app_configs
        self.tables = Tables()
        self.place_of = cache(place_of_module)


class LogOnce:
    """Logs each violation once: the same code may repeat the violation a million times."""

    def __init__(self) -> None:
        self._logged: set[str] = set()

    def __call__(self, violation: BoundaryViolation) -> None:
        if violation.what not in self._logged:
            self._logged.add(violation.what)
            logger.warning("%s", violation)
