"""Enqueue statements: the rows of each one are fetched later.

The rows are often not needed at once. In a pipelined transaction on PostgreSQL, statements wait
for each other and share a round trip (`monoservices.database.pipelining`).
"""

from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import Any

from django.db import connection

Parameter = str | int | None
Parameters = Sequence[Parameter]
Statement = tuple[str, Parameters]
Row = tuple[Any, ...]
UniqueKey = tuple[Sequence[str], str]
"""The quoted columns of a unique key, and the condition that its rows satisfy; "" without one."""

AFTER_THE_OTHERS = "TRUE /* after the others */"
"""A condition in the last statement of `Engine.writes_together`. PostgreSQL executes the others
before it looks at the first row to which the condition applies."""


class PendingRows:
    """The rows of a statement that may still be waiting."""

    def __init__(self, fetch: Callable[[], list[Row]]) -> None:
        self.fetch = fetch
        """Returns the rows, once. In a pipelined transaction, this sends whatever is waiting."""


Enqueue = Callable[[str, Parameters, int], PendingRows]
enqueue_in_pipeline: ContextVar[Enqueue | None] = ContextVar("enqueue_in_pipeline", default=None)
"""How the current pipelined transaction enqueues a statement; None outside of one."""


def enqueue(sql: str, params: Parameters = (), *, columns: int = 0) -> PendingRows:
    """Execute a statement, in a pipelined transaction together with others.

    There, the types of its parameters must be clear from the statement, and its errors are raised
    when somebody fetches rows, or when the block ends.
    columns: how many columns a SELECT has, which locks nothing and reads numbers, texts and
        booleans only. Neighbors of this kind are executed as one statement.
    """
    if in_pipeline := enqueue_in_pipeline.get():
        return in_pipeline(sql, params, columns)
    cursor: Any = connection.cursor()
    cursor.execute(sql, params)
    return PendingRows(cursor.fetchall)
