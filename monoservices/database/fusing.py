"""Statements of one round trip that PostgreSQL executes as one.

Each statement has costs of its own on both sides, which for a few rows are most of what it costs.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain, groupby
from typing import Any

import msgspec

from monoservices.database.statements import AFTER_THE_OTHERS, Parameters, Row, Statement

_WITH = "WITH "
_decode = msgspec.json.Decoder(list[list[tuple[Any, ...]] | None]).decode


@dataclass(slots=True, eq=False)
class Enqueued:
    """A statement, and its rows once it was executed.

    columns: as `enqueue` says. together: what it has in common with statements that may be executed
    as one with it, if they are its neighbors and it has no `columns`.
    """

    sql: str
    params: Parameters
    columns: int = 0
    together: object | None = None
    rows: list[Row] | None = None


@dataclass(slots=True)
class Message:
    """What is sent for one or more statements. statement: of all `parts`."""

    statement: Statement
    parts: list[Enqueued]

    def deliver(self, rows: list[Row]) -> None:
        """Give each part its rows, from the rows of the statement."""
        if len(self.parts) > 1 and self.parts[0].columns:
            for part, its_rows in zip(self.parts, _rows_of_each(rows), strict=True):
                part.rows = its_rows
        else:
            for part in self.parts:
                part.rows = rows


def fuse(statements: Iterable[Enqueued]) -> list[Message]:
    """What to send for these statements, in their order."""
    return [_message(list(group)) for _, group in groupby(statements, _kind)]


def _kind(enqueued: Enqueued) -> object:
    """Equal for neighbors that become one statement."""
    return "read" if enqueued.columns else enqueued.together or enqueued


def _message(parts: list[Enqueued]) -> Message:
    if len(parts) == 1:
        return Message((parts[0].sql, parts[0].params), parts)
    if parts[0].columns:
        sql = _one_read(tuple((part.sql, part.columns) for part in parts))
    else:
        sql = _one_write(tuple(part.sql for part in parts))
    return Message((sql, [*chain.from_iterable(part.params for part in parts)]), parts)


@cache
def _one_read(parts: tuple[tuple[str, int], ...]) -> str:
    """One SELECT whose one value has the rows of all of these SELECTs; see `_rows_of_each`.

    parts: statements, and how many columns each has. What they read is numbers, texts and booleans.
    """
    values = ", ".join(_as_json(sql, columns) for sql, columns in parts)
    return f"SELECT json_build_array({values})::text"


def _rows_of_each(rows: Sequence[Row]) -> list[list[Row]]:
    """The rows of each part, from the row of `_one_read`."""
    [[text]] = rows
    return [part or [] for part in _decode(text)]


@cache
def _one_write(parts: tuple[str, ...]) -> str:
    """One statement that executes all of `parts` and returns the result of the last one.

    All but the last are INSERTs without WITH and RETURNING. They do not depend on each other: all
    see the tables as they were before, foreign keys are checked at COMMIT, and unique keys and
    checks for each row. PostgreSQL promises no order, except that what needs the result of a WITH
    query comes after it: in the last statement, AFTER_THE_OTHERS asks for the others' results.
    """
    *inserts, last = parts
    names = [f"written_{number}" for number in range(len(inserts))]
    queries = [f"{name} AS ({sql} RETURNING 1)" for name, sql in zip(names, inserts, strict=True)]
    done = " AND ".join(f"(SELECT count(*) FROM {name}) >= 0" for name in names)  # noqa: S608
    last = last.strip().replace(AFTER_THE_OTHERS, done)
    separator = ", " if last.startswith(_WITH) else " "
    return _WITH + ", ".join(queries) + separator + last.removeprefix(_WITH)


def _as_json(sql: str, columns: int) -> str:
    names = ", ".join(f"c{number}" for number in range(columns))
    # The rows of a subquery come in its order.
    return f"(SELECT json_agg(json_build_array({names})) FROM ({sql}) AS part ({names}))"  # noqa: S608
