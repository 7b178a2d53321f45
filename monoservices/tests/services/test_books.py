"""The books of services, and what services provide without being known."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from django.apps import apps

from monoservices.services.books import Found, audit_all, repair_all
from monoservices.services.config import Books, is_provided, services


def find_one() -> list[str]:
    return ["A cup is missing."]


def find_two() -> Iterator[str]:
    yield "A plate is missing."
    yield "A fork is missing."


def replace(found: Sequence[str]) -> Iterator[str]:
    yield f"Replaced: {len(found)}."


@pytest.fixture
def labels(monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """The labels of two services with books, of which the second corrects what it finds."""
    for service in services():
        monkeypatch.setattr(type(service), "books", None)
    first, second, *_ = services()
    monkeypatch.setattr(type(first), "books", Books(f"{__name__}.find_one"))
    both = Books(f"{__name__}.find_two", repair=f"{__name__}.replace")
    monkeypatch.setattr(type(second), "books", both)
    return first.label, second.label


def test_every_service_checks_and_corrects_its_own_books(labels: tuple[str, str]) -> None:
    first, second = labels
    found = list(audit_all())
    assert found == [
        Found(first, "A cup is missing."),
        Found(second, "A plate is missing."),
        Found(second, "A fork is missing."),
    ]
    assert list(repair_all(found)) == ["Replaced: 2."]
    assert list(repair_all(found[:1])) == []


def test_what_is_provided_is_provided_by_a_service_that_is_served(
    monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    service = next(services())
    monkeypatch.setattr(type(service), "provides", ("cutlery",))
    assert is_provided("cutlery")
    assert not is_provided("cutler")
    settings.SERVED_SERVICES = [each.label for each in services() if each is not service]
    assert apps.is_installed(service.name)
    assert not is_provided("cutlery")
