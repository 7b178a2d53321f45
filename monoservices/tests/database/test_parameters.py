"""How parameters travel to PostgreSQL: what the server receives."""

from collections.abc import Sequence

import pytest
from django.db import DataError, connection

from monoservices.database.engines import engine
from monoservices.database.statements import Parameter, enqueue

pytestmark = [
    pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has no arrays"),
    pytest.mark.django_db(transaction=True),
]


def arrived(param: Parameter, kind: str) -> object:
    with engine().pipelined_transaction():
        [(value,)] = enqueue(f"SELECT CAST(%s AS {kind})", [param]).fetch()
    return value


@pytest.mark.parametrize(
    ("elements", "kind"),
    [
        (["a"], "text[]"),
        (["", " ", '"', "\\", "{,}", "NULL", "null", "\u00fc\U0001f375", "a\x1fb\n"], "text[]"),
        (["x" * 300, "\u00fc" * 70_000], "text[]"),
        ([None, "a", None, "None"], "text[]"),
        ([None, None], "text[]"),
        ([None, None], "bigint[]"),
        ([], "text[]"),
        ([], "bigint[]"),
        ([0, -1, 2**63 - 1, -(2**63)], "bigint[]"),
        ([7, None, 9], "integer[]"),
        ([True, None, False], "boolean[]"),
    ],
)
def test_arrays_arrive_as_they_were_sent(elements: Sequence[str | int | None], kind: str) -> None:
    assert arrived(elements, kind) == elements
    assert arrived(tuple(elements), kind) == elements


@pytest.mark.parametrize(
    ("value", "kind"),
    [("", "text"), ("\u00fc", "text"), (None, "text"), (7, "integer"), (True, "boolean")],
)
def test_single_values_arrive_as_they_were_sent(value: str | int | None, kind: str) -> None:
    assert arrived(value, kind) == value


@pytest.mark.parametrize("texts", [["a", "b\0c"], [None, "\0"]])
def test_an_array_with_nul_is_rejected_and_the_connection_stays(texts: list[str | None]) -> None:
    arrived(["a"], "text[]")
    before = connection.connection
    with pytest.raises(DataError):
        arrived(texts, "text[]")
    assert arrived(["a"], "text[]") == ["a"]
    assert connection.connection is before


def test_a_lone_surrogate_is_rejected_before_anything_is_sent() -> None:
    with pytest.raises(UnicodeEncodeError):
        arrived(["a", "\ud800"], "text[]")
    assert arrived(["a"], "text[]") == ["a"]


def test_a_number_beyond_its_type_is_rejected() -> None:
    with pytest.raises(DataError):
        arrived([2**31], "integer[]")
