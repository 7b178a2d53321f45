"""The audits that services declare: each finds the errors in the books of its own service."""

from collections.abc import Iterable, Iterator

from django.utils.module_loading import import_string

from monoservices.services.config import services


def audit_services() -> Iterator[str]:
    """Every error that the audits of the installed services find, as text for people.

    Call it in one consistent snapshot.
    """
    for service in services():
        for name in service.audits:
            found: Iterable[str] = import_string(name)()
            yield from found
