"""Erasing stored requests: by age, in bounded transactions."""

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from monoservices.database import stored_requests
from monoservices.database.stored_requests import erase_requests, tables_of_requests
from monoservices.tests.example_model import ThingRequest

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("things")]


def store(key: str, *, days_ago: float) -> None:
    row = ThingRequest.objects.create(client_id=7, method="POST", path="/", key=key)
    at = timezone.now() - timedelta(days=days_ago)
    ThingRequest.objects.filter(pk=row.pk).update(created_at=at)


def keys() -> list[str]:
    return list(ThingRequest.objects.values_list("key", flat=True))


def test_what_is_old_is_erased_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored_requests, "BATCH", 2)
    for number in range(5):
        store(f"old {number}", days_ago=30.1)
    store("new", days_ago=29.9)
    with CaptureQueriesContext(
        connection,
    ) as captured:
        erased = erase_requests(ThingRequest, before=timezone.now() - timedelta(days=30))
    assert (erased, keys()) == (5, ["new"])
    deletions = [each for each in captured if each["sql"].startswith("DELETE")]
    assert len(deletions) == 3


def test_the_command() -> None:
    store("old", days_ago=30.1)
    store("new", days_ago=29.9)
    out = StringIO()
    call_command("erase_requests", "--older-than", "30", stdout=out)
    assert keys() == ["new"]
    assert "monoservices.ThingRequest: 1 requests erased.\n" in out.getvalue()
    assert len(out.getvalue().splitlines()) == len([*tables_of_requests()])


@pytest.mark.parametrize("age", ["0", "-1", "x", "1.5", "", "36501", "9" * 20, "٣"])
def test_an_age_that_is_none_erases_nothing(age: Any) -> None:
    store("old", days_ago=30)
    with pytest.raises(CommandError, match="expected a whole number from 1 to 36500"):
        call_command("erase_requests", f"--older-than={age}")
    assert keys() == ["old"]


def test_the_age_must_be_said() -> None:
    with pytest.raises(CommandError, match="--older-than"):
        call_command("erase_requests")
