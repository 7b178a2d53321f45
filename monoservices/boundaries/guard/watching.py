"""The guard: which service runs which statement, and on whose tables.

A static check sees code as it is written; the guard sees statements as they run. A QuerySet that
leaked out of a communication module, `line.product.name`, a method of another service's instance:
each is a statement in the end, and the call stack says on whose behalf it runs.

Every step on the stack from service A into service B must leave from A's communication module and
lead to a service that A declares. The service of the innermost frame must own every table that the
statement names; a communication module may also read the tables of the services that it may reach.
Tables of no service are free. docs/explanation/boundaries.md says more, and what the guard cannot
see.
"""

import inspect
import logging
import sys
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from django.apps import apps
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

from monoservices.boundaries.guard.call_stack import Call, Places, calls
from monoservices.boundaries.guard.statements import Statement, Tables
from monoservices.services.config import ServiceConfig
from monoservices.services.ownership import COMMUNICATION

SHOWN = 200
"""How many characters of a statement a violation shows."""

UNDECLARED = ", which its depends_on does not name"

logger = logging.getLogger(__name__)


class BoundaryViolation(Exception):
    """A statement that goes over a boundary between two services.

    service: the label of the one that goes over it; other: of the one on the far side. what: one
    line, with file and line. sql: the statement.
    """

    def __init__(self, service: str, other: str, what: str) -> None:
        super().__init__(service, other, what)
        self.service, self.other, self.what = service, other, what
        self.sql = ""

    def __str__(self) -> str:
        return f"{self.what}: {self.sql[:SHOWN]}"


class Guard:
    """Looks at every statement of every connection from `start` to `stop`.

    report: is given each violation before its statement runs. Where it raises, the statement does
        not run.
    """

    def __init__(self, report: Callable[[BoundaryViolation], None]) -> None:
        self._report = report
        self._map: _Map | None = None

    def start(self) -> None:
        """Also on the connections that threads will open."""
        connection_created.connect(self._watch, weak=False, dispatch_uid=id(self))
        for connection in connections.all(initialized_only=True):
            self._watch(connection=connection)

    def stop(self) -> None:
        """Of connections that are open, on those of this thread and on no other's."""
        connection_created.disconnect(dispatch_uid=id(self))
        for connection in connections.all(initialized_only=True):
            connection.execute_wrappers[:] = (
                each for each in connection.execute_wrappers if each is not self
            )

    def _watch(self, connection: BaseDatabaseWrapper, **_: Any) -> None:
        # In front, where no wrapper that comes and goes takes this one off with it.
        if self not in connection.execute_wrappers:
            connection.execute_wrappers.insert(0, self)

    def __call__(
        self, execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any
    ) -> Any:
        """As Django calls what wraps the execution of a statement."""
        installed = self._installed()
        if installed is not None:
            statement = installed.tables.statement(sql)
            if statement.tables or statement.references:
                found = calls(sys._getframe(1), installed.places, is_read=statement.is_read)  # noqa: SLF001 - documented
                violation = found and judge(statement, found, installed.tables.owners)
                if violation:
                    violation.sql = str(sql)
                    self._report(violation)
        return execute(sql, params, many, context)

    def _installed(self) -> "_Map | None":
        """What is known of the services that are installed; None while apps are being loaded."""
        if self._map is None or self._map.configs is not apps.app_configs:
            if not apps.models_ready:
                return None
            self._map = _Map()
        return self._map


class _Map:
    """Tables and modules of the services, until other apps are installed."""

    def __init__(self) -> None:
        self.configs = apps.app_configs
        self.tables = Tables()
        self.places = Places()


def judge(
    statement: Statement, found: Sequence[Call], owners: Mapping[str, ServiceConfig]
) -> BoundaryViolation | None:
    """What is wrong with a statement that these calls lead to, innermost first."""
    return _wrong_step(found) or _wrong_table(statement, found[0], owners)


def _wrong_step(found: Sequence[Call]) -> BoundaryViolation | None:
    """The outermost step from a service into another that is not permitted.

    A step into a service that is on its way out there already is a step back: it had called, and
    what it handed over is called now, such as a generator or a sort key.
    """
    entered = [found[-1].place.service]
    for outer, inner in pairwise(reversed(found)):
        source, target = outer.place.service, inner.place.service
        if target in entered:
            del entered[entered.index(target) + 1 :]
            continue
        if not outer.place.is_communication and not _is_handed_on(inner, by=source):
            return _step(outer, inner, ", past its own communication module")
        if target.label not in source.depends_on:
            return _step(outer, inner, UNDECLARED)
        entered.append(target)
    return None


def _is_handed_on(call: Call, *, by: ServiceConfig) -> bool:
    """Whether the communication module offers the very function of another service.

    Then calling it is a crossing, though no code of the module runs.
    """
    module = sys.modules.get(f"{by.name}.{COMMUNICATION}")
    offered = (getattr(module, name, None) for name in getattr(module, "__all__", ()))
    return any(
        getattr(inspect.unwrap(each), "__code__", None) is call.entry.f_code
        for each in offered
        if callable(each)
    )


def _wrong_table(
    statement: Statement, actor: Call, owners: Mapping[str, ServiceConfig]
) -> BoundaryViolation | None:
    """The first table that is not the actor's to touch."""
    service, may_read = actor.place.service, actor.place.is_communication
    for table in statement.tables:
        owner = owners[table]
        if owner is service:
            continue
        if not may_read:
            return _touch(actor, "reads" if statement.is_read else "changes", table, owner)
        if not statement.is_read:
            return _touch(actor, "changes", table, owner, ", which only its owner may")
        if owner.label not in service.depends_on:
            return _touch(actor, "reads", table, owner, UNDECLARED)
    for table in statement.references:
        owner = owners[table]
        if owner is not service and owner.label not in service.depends_on:
            return _touch(actor, "refers to", table, owner, UNDECLARED)
    return None


def _step(outer: Call, inner: Call, why: str) -> BoundaryViolation:
    source, target = outer.place.service.label, inner.place.service.label
    return BoundaryViolation(source, target, f"{outer} of {source} calls {inner} of {target}{why}")


def _touch(
    actor: Call, verb: str, table: str, owner: ServiceConfig, why: str = ""
) -> BoundaryViolation:
    service, other = actor.place.service.label, owner.label
    return BoundaryViolation(service, other, f"{actor} of {service} {verb} {table} of {other}{why}")


class LogOnce:
    """Logs each violation the first time: the same code may go the same way a million times."""

    def __init__(self) -> None:
        self._logged: set[str] = set()

    def __call__(self, violation: BoundaryViolation) -> None:
        if violation.what not in self._logged:
            self._logged.add(violation.what)
            logger.warning("%s", violation)
