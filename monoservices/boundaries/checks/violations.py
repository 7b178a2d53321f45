"""What a rule finds."""

from dataclasses import dataclass

from django.core.checks import Error


@dataclass(frozen=True, order=True)
class Violation:
    """One place where a service crosses a boundary that it must not.

    id: of the rule, such as `E001`. service, other: labels of the one that crosses, and of the one
        that it reaches. path: relative to the current directory. line: from 1. what: names both
        services. hint: what to do instead.
    """

    id: str
    service: str
    other: str
    path: str
    line: int
    what: str
    hint: str

    def message(self) -> Error:
        """As Django reports it."""
        return Error(
            f"{self.path}:{self.line}: {self.what}",
            hint=self.hint,
            obj=self.service,
            id=f"monoservices.{self.id}",
        )
