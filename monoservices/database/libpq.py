"""Several statements in one round trip to PostgreSQL, by libpq's pipeline mode.

https://www.postgresql.org/docs/current/libpq-pipeline-mode.html. This uses `psycopg.pq` directly:
psycopg's own pipelines poll the socket before and after each statement, which costs several times
as much as a small statement. `psycopg.waiting` is not documented, but `Connection.wait` takes
generators that yield its values, and nothing else lets other threads run meanwhile.
"""

import re
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import count
from typing import Any
from weakref import WeakKeyDictionary

import psycopg
from psycopg import errors, pq
from psycopg.abc import PQGen
from psycopg.adapt import Transformer
from psycopg.waiting import Ready, Wait

from monoservices.database.parameters import Encoded, encode_parameters
from monoservices.database.statements import Row, Statement

_DONE = (pq.ExecStatus.COMMAND_OK, pq.ExecStatus.TUPLES_OK)
_prepared: WeakKeyDictionary[psycopg.Connection[Any], dict[str, bytes]] = WeakKeyDictionary()
_numbers = count()


def execute(
    connection: psycopg.Connection[Any], statements: Iterable[Statement], *, prepare: bool
) -> list[list[Row]]:
    """Execute statements in the order given and return the rows of each.

    A statement has `%s` in place of each parameter, and must make the parameters' types clear.
    prepare: whether the connection prepares each statement on its first use, and keeps it.
    Raises the psycopg error of the first statement that fails; later ones have not been executed.
    Raises UnicodeEncodeError and DataError as `encode_parameters` does, before sending anything.
    InvalidSqlStatementName means that prepared statements are gone (psycopg drops all of them when
    it rolls a transaction back); the next call prepares them again.
    """
    pgconn = connection.pgconn
    encoded = [(sql, encode_parameters(params)) for sql, params in statements]
    pgconn.enter_pipeline_mode()
    try:
        sent = _send(connection, encoded, prepare=prepare)
        pgconn.pipeline_sync()
        results = connection.wait(_results(pgconn, len(sent)))
    finally:
        if pgconn.status == pq.ConnStatus.OK:
            pgconn.exit_pipeline_mode()
    _raise_first_error(connection, sent, results)
    return [
        _rows(connection, result)
        for prepared, result in zip(sent, results, strict=True)
        if prepared is None and result is not None
    ]


def _send(
    connection: psycopg.Connection[Any], statements: Iterable[tuple[str, Encoded]], *, prepare: bool
) -> list[str | None]:
    """Return for each message the statement that it prepares, or None if it executes one."""
    pgconn, names = connection.pgconn, _prepared.setdefault(connection, {})
    sent: list[str | None] = []
    for sql, values in statements:
        if prepare and sql not in names:
            names[sql] = b"in_one_trip_%d" % next(_numbers)
            pgconn.send_prepare(names[sql], _numbered(sql))
            sent.append(sql)
        if prepare:
            pgconn.send_query_prepared(names[sql], values)
        else:
            pgconn.send_query_params(_numbered(sql), values)
        sent.append(None)
    return sent


def _raise_first_error(
    connection: psycopg.Connection[Any],
    sent: Sequence[str | None],
    results: Sequence[pq.abc.PGresult | None],
) -> None:
    """Raise the first error, if there is one, and forget statements that were not prepared."""
    error: psycopg.Error | None = None
    pgconn, names = connection.pgconn, _prepared.get(connection, {})
    for prepared, result in zip(sent, results, strict=True):
        if result is not None and result.status in _DONE:
            continue
        if result is None or pgconn.status != pq.ConnStatus.OK:
            error = error or psycopg.OperationalError(pgconn.get_error_message())
        else:
            error = error or errors.error_from_result(result)
        if prepared is not None:
            names.pop(prepared, None)
    if isinstance(error, errors.InvalidSqlStatementName):
        names.clear()
    if error is not None:
        raise error


def _results(pgconn: pq.abc.PGconn, count: int) -> PQGen[list[pq.abc.PGresult | None]]:
    """Return the result of each message, None if the connection was lost before it.

    This yields in order to wait: libpq's own waiting would block every other Python thread.
    """
    while pgconn.flush():
        if (yield Wait.RW) & Ready.R:
            pgconn.consume_input()
    results = []
    for _ in range(count):
        result = yield from _next(pgconn)
        results.append(result)
        while result is not None:
            result = yield from _next(pgconn)
    yield from _next(pgconn)  # the result of pipeline_sync
    return results


def _next(pgconn: pq.abc.PGconn) -> PQGen[pq.abc.PGresult | None]:
    while pgconn.is_busy():
        yield Wait.R
        pgconn.consume_input()
    return pgconn.get_result()


def _rows(connection: psycopg.Connection[Any], result: pq.abc.PGresult) -> list[Row]:
    if result.ntuples == 0:
        return []
    transformer: Any = Transformer(connection)
    transformer.set_pgresult(result)
    rows: list[Row] = transformer.load_rows(0, result.ntuples, tuple)
    return rows


@cache
def _numbered(sql: str) -> bytes:
    """The statement with `$1`, `$2`, … in place of each `%s`, and `%` in place of `%%`."""
    numbers = count(1)
    return re.sub(
        "%[s%]", lambda found: "%" if found[0] == "%%" else f"${next(numbers)}", sql
    ).encode()
