"""The books that services keep: what must be right in their tables, beyond constraints.

A service declares how its books are checked, and how errors in them are corrected. So
`manage.py reconcile` checks all services, and none needs to know another.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.module_loading import import_string

from monoservices.services.config import services


@dataclass(frozen=True, slots=True)
class Found:
    """A discrepancy that a service has found. service: its label. `str(discrepancy)` is a line."""

    service: str
    discrepancy: Any


def audit_all() -> Iterator[Found]:
    """Every error in the books of the installed services. Call it in one consistent snapshot."""
    for service in services():
        if service.books is not None:
            audit: Callable[[], Iterable[Any]] = import_string(service.books.audit)
            yield from (Found(service.label, each) for each in audit())


def repair_all(found: Sequence[Found]) -> Iterator[str]:
    """Let each service correct what it has found; yield what was corrected and what was not."""
    for service in services():
        own = [each.discrepancy for each in found if each.service == service.label]
        if own and service.books is not None and service.books.repair:
            repair: Callable[[Sequence[Any]], Iterable[str]] = import_string(service.books.repair)
            yield from repair(own)
