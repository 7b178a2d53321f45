"""Judges a statement by the calls of services that lead to it.

Every step on the call stack from service A into service B must leave from A's communication module
and lead to a service that A declares. The service of the innermost frame must own every table that
the statement names; a communication module may also read the tables of declared services. Tables
that belong to no service are free.
"""

import inspect
import sys
from collections.abc import Mapping, Sequence
from itertools import pairwise

from monoservices.boundaries.guard.call_stack import Call
from monoservices.boundaries.guard.statements import Statement
from monoservices.services.config import ServiceConfig
from monoservices.services.ownership import COMMUNICATION

SHOWN_CHARACTERS = 200
"""How many characters of a statement a violation shows."""

_UNDECLARED = ", which its depends_on does not name"


class BoundaryViolation(Exception):
    """A statement that crosses a boundary between two services.

    service: the label of the service that crosses it. other: the label of the service on the far
    side. what: one line, with file and line. sql: the statement.
    """

    def __init__(self, service: str, other: str, what: str) -> None:
        super().__init__(service, other, what)
        self.service, self.other, self.what = service, other, what
        self.sql = ""

    def __str__(self) -> str:
        return f"{self.what}: {self.sql[:SHOWN_CHARACTERS]}"


def judge(
    statement: Statement, calls: Sequence[Call], owners: Mapping[str, ServiceConfig]
) -> BoundaryViolation | None:
    """The violation in a statement that these calls lead to, innermost first; None if allowed."""
    return _wrong_step(calls) or _wrong_table(statement, calls[0], owners)


def _wrong_step(calls: Sequence[Call]) -> BoundaryViolation | None:
    """The outermost step from one service into another that is not allowed.

    A step into a service that is already further out on the stack is a step back: that service made
    the call, and now code that it handed over runs, such as a generator or a sort key.
    """
    entered = [calls[-1].place.service]
    for outer, inner in pairwise(reversed(calls)):
        source, target = outer.place.service, inner.place.service
        if target in entered:
            del entered[entered.index(target) + 1 :]
            continue
        if not outer.place.is_communication and not _is_handed_on(inner, by=source):
            return _step(outer, inner, ", past its own communication module")
        if target.label not in source.depends_on:
            return _step(outer, inner, _UNDECLARED)
        entered.append(target)
    return None


def _is_handed_on(call: Call, *, by: ServiceConfig) -> bool:
    """Whether the communication module exports this very function of another service.

    Then calling the function is a crossing, although no code of the communication module runs.
    """
    module = sys.modules.get(f"{by.name}.{COMMUNICATION}")
    exported = (getattr(module, name, None) for name in getattr(module, "__all__", ()))
    return any(
        getattr(inspect.unwrap(each), "__code__", None) is call.entry.f_code
        for each in exported
        if callable(each)
    )


def _wrong_table(
    statement: Statement, actor: Call, owners: Mapping[str, ServiceConfig]
) -> BoundaryViolation | None:
    """The first table that the actor must not touch."""
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
            return _touch(actor, "reads", table, owner, _UNDECLARED)
    for table in statement.references:
        owner = owners[table]
        if owner is not service and owner.label not in service.depends_on:
            return _touch(actor, "refers to", table, owner, _UNDECLARED)
    return None


def _step(outer: Call, inner: Call, why: str) -> BoundaryViolation:
    source, target = outer.place.service.label, inner.place.service.label
    return BoundaryViolation(source, target, f"{outer} of {source} calls {inner} of {target}{why}")


def _touch(
    actor: Call, verb: str, table: str, owner: ServiceConfig, why: str = ""
) -> BoundaryViolation:
    service, other = actor.place.service.label, owner.label
    return BoundaryViolation(service, other, f"{actor} of {service} {verb} {table} of {other}{why}")
