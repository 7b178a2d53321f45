"""What services provide without being known, and the audits that they declare."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps

from monoservices.services.audits import audit_services
from monoservices.services.config import is_provided, services


def find_one() -> list[str]:
    return ["A cup is missing."]


def find_two() -> Iterator[str]:
    yield "A plate is missing."
    yield "A fork is missing."


@pytest.fixture
def label(monkeypatch: pytest.MonkeyPatch) -> str:
    """The label of a service that provides something and has two audits; others have none."""
    for service in services():
        monkeypatch.setattr(type(service), "audits", ())
    service = next(services())
    names = (f"{__name__}.find_one", f"{__name__}.find_two")
    monkeypatch.setattr(type(service), "audits", names)
    monkeypatch.setattr(type(service), "provides", ("cutlery",))
    return service.label


@pytest.mark.usefixtures("label")
def test_every_audit_of_every_service_is_asked() -> None:
    found = list(audit_services())
    assert found == ["A cup is missing.", "A plate is missing.", "A fork is missing."]


def test_what_is_provided_is_provided_by_a_service_that_is_served(
    label: str, settings: Any
) -> None:
    assert is_provided("cutlery")
    assert not is_provided("cutler")
    settings.SERVED_SERVICES = [each.label for each in services() if each.label != label]
    assert apps.is_installed(apps.get_app_config(label).name)
    assert not is_provided("cutlery")
