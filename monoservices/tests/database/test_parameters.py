"""How parameters travel to PostgreSQL: what the server receives."""

from typing import Any

import pytest
from django.db import DataError, connection

from monoservices.database.engines import engine
from monoservices.database.rows import row_parameters, rows_from
from monoservices.database.statements import Parameter, enqueue

pytestmark = [
    pytest.mark.skipif("connection.vendor != 'postgresql'", reason="how PostgreSQL gets them"),
    pytest.mark.django_db(transaction=True),
]


def arrived(param: Parameter, kind: str) -> object:
    with engine().pipelined_transaction():
        [(value,)] = enqueue(f"SELECT CAST(%s AS {kind})", [param]).fetch()
    return value


def rows_arrived(kind: Any, *values: Any) -> list[Any]:
    """The values of the only column of rows."""
    with engine().pipelined_transaction():
        parameters = row_parameters({"sent": kind}, [{"sent": value} for value in values])
        rows = enqueue(f"SELECT r.sent FROM {rows_from({'sent': kind})}", parameters).fetch()  # noqa: S608
    return [value for (value,) in rows]


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("text", ["", " ", '"', "\\", "{,}", "NULL", "null", "\u00fc\U0001f375", "a\x1fb\n", None]),
        ("text", ["x" * 300, "\u00fc" * 70_000]),
        ("text", [None, None]),
        ("text", []),
        ("bigint", [0, -1, 2**63 - 1, -(2**63), None]),
        ("integer", [7, None, 9]),
        ("boolean", [True, None, False]),
        ("double precision", [0.1, 1e300, -2.5e-300, None]),
    ],
)
def test_rows_arrive_as_they_were_sent(kind: str, values: list[Any]) -> None:
    assert rows_arrived(kind, *values) == values


@pytest.mark.parametrize(
    ("value", "kind"),
    [("", "text"), ("\u00fc", "text"), (None, "text"), (7, "integer"), (True, "boolean")],
)
def test_single_values_arrive_as_they_were_sent(value: str | int | None, kind: str) -> None:
    assert arrived(value, kind) == value


@pytest.mark.parametrize(
    "send", [lambda: rows_arrived("text", "a", "b\0c"), lambda: arrived("\0", "text")]
)
def test_nul_is_rejected_and_the_connection_stays(send: Any) -> None:
    assert rows_arrived("text", "a") == ["a"]
    before = connection.connection
    with pytest.raises(DataError):
        send()
    assert rows_arrived("text", "a") == ["a"]
    assert connection.connection is before


def test_a_lone_surrogate_is_rejected_before_anything_is_sent() -> None:
    with pytest.raises(UnicodeEncodeError):
        rows_arrived("text", "a", "\ud800")
    with pytest.raises(UnicodeEncodeError):
        arrived("\ud800", "text")
    assert rows_arrived("text", "a") == ["a"]


def test_a_number_beyond_its_type_is_rejected() -> None:
    with pytest.raises(DataError):
        rows_arrived("integer", 2**31)
