"""Rows that are written past the code of the models that they belong to."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.contrib.auth import get_user_model
from django.db import IntegrityError, models, transaction

from monoservices.testing.rows import insert_row, rows_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("things")]

USER = get_user_model()._meta.label


def test_a_row_is_filled_in_by_the_defaults_of_its_fields() -> None:
    key = insert_row(USER, username="ada", is_staff=True)
    [row] = rows_of(USER)
    assert (row["id"], row["username"], row["is_staff"]) == (key, "ada", True)
    assert (row["email"], row["is_active"], row["last_login"]) == ("", True, None)
    assert get_user_model().objects.get(pk=key).username == "ada"


def test_moments_that_the_model_would_set_are_now() -> None:
    before = datetime.now(UTC)
    insert_row("monoservices.Thing", name="Mug")
    [row] = rows_of("monoservices.Thing")
    assert before <= row["created_at"] <= datetime.now(UTC)


def test_neither_save_nor_a_manager_has_a_part_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("code of the model")

    monkeypatch.setattr(models.Model, "__init__", refuse)
    monkeypatch.setattr(models.Model, "save", refuse)
    monkeypatch.setattr(type(get_user_model()._default_manager), "get_queryset", refuse)
    key = insert_row(USER, username="ada")
    assert rows_of(USER).filter(pk=key).update(username="bob") == 1
    assert rows_of(USER).get(pk=key)["username"] == "bob"


def test_constraints_hold() -> None:
    insert_row(USER, username="ada")
    with pytest.raises(IntegrityError), transaction.atomic():
        insert_row(USER, username="ada")
    assert rows_of(USER).count() == 1


def test_a_column_that_is_not_there_is_refused() -> None:
    with pytest.raises(TypeError, match=rf"^{USER} has no age, size\.$"):
        insert_row(USER, username="ada", size=1, age=2)
    assert rows_of(USER).count() == 0


def test_values_are_of_the_fields_types() -> None:
    insert_row("monoservices.Thing", sku="A", name="Mug", price="1.10")
    assert [(row["price"], row["is_active"]) for row in rows_of("monoservices.Thing")] == [
        (Decimal("1.10"), True)
    ]
