"""What a rule is, what it finds, and the registry in which every rule enters itself."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from django.core.checks import Error

from monoservices.services.config import ServiceConfig

ANY_SERVICE = "any"
"""The label of the other service if only the running program knows which one it is."""


class Finding(NamedTuple):
    """One place where a service crosses a boundary.

    other: the label of the service that it reaches. path: relative to the current directory.
    line: from 1. what: names both services. hint: what to do instead.
    """

    other: str
    path: str
    line: int
    what: str
    hint: str


@dataclass(frozen=True, order=True)
class Violation:
    """A finding, with the id of the rule, such as `E001`, and the label of the service."""

    id: str
    service: str
    other: str
    path: str
    line: int
    what: str
    hint: str

    def message(self) -> Error:
        """The violation as Django reports it."""
        return Error(
            f"{self.path}:{self.line}: {self.what}",
            hint=self.hint,
            obj=self.service,
            id=f"monoservices.{self.id}",
        )


Rule = Callable[[ServiceConfig], Iterator[Finding]]

RULES: dict[str, Rule] = {}
"""Every rule by its id. Importing `monoservices.boundaries.checks` fills it."""


def rule(id: str) -> Callable[[Rule], Rule]:  # noqa: A002 - as Django's checks call it
    """Register a function as the rule with this id: the file `checks/e001_….py` holds E001."""

    def register(check: Rule) -> Rule:
        RULES[id] = check
        return check

    return register
