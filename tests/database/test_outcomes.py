"""What is known of a transaction that was lost in COMMIT: "nothing was done" must be true."""

from collections.abc import Callable, Iterator

import pytest
from django.db import DatabaseError, connection, transaction

from monoservices.database.engines import engine
from monoservices.database.errors import is_outcome_unknown
from monoservices.database.statements import enqueue
from tests.database.proxy import IDLE, Fault, Proxy, error_response, proxied

pytestmark = [
    pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite is in this process"),
    pytest.mark.django_db(transaction=True),
]

INSERT = "INSERT INTO outcomes (number) VALUES (1)"


@pytest.fixture
def table(transactional_db: None) -> Iterator[None]:
    """A table of unique numbers, with 0 in it; a group of equal ones is found at COMMIT only."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE outcomes (number integer UNIQUE,"
            " late integer UNIQUE DEFERRABLE INITIALLY DEFERRED)"
        )
        cursor.execute("INSERT INTO outcomes (number, late) VALUES (0, 0)")
    yield
    connection.close()
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE outcomes")


@pytest.fixture
def proxy(table: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    with proxied("outcomes", monkeypatch) as proxy:
        yield proxy


def pipelined(sql: str) -> None:
    with engine().pipelined_transaction():
        enqueue("SELECT number FROM outcomes WHERE number = 0").fetch()
        enqueue(sql)


def pipelined_at_once(sql: str) -> None:
    with engine().pipelined_transaction():
        enqueue(sql)


def django(sql: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)


def delete() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM outcomes WHERE number = 1")


Transaction = Callable[[str], None]
TRANSACTIONS = pytest.mark.parametrize("run", [pipelined, pipelined_at_once, django])


def lost(run: Transaction, sql: str = INSERT) -> tuple[bool, bool]:
    """(whether the outcome is known, whether the row was written)."""
    with pytest.raises(DatabaseError) as raised:
        run(sql)
    connection.close_if_unusable_or_obsolete()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM outcomes WHERE number = 1")
        return not is_outcome_unknown(raised.value), cursor.fetchone() is not None


@TRANSACTIONS
def test_control_without_a_fault(proxy: Proxy, run: Transaction) -> None:
    run(INSERT)
    assert lost(run, "INSERT INTO outcomes (number) VALUES (0)") == (True, True)


ANSWERS = {
    "none": b"",
    "08P01": error_response("08P01"),
    "57P01": error_response("57P01"),
    "40001, but closed": error_response("40001"),
    "08P01 and ready": error_response("08P01") + IDLE,
    "58000 and ready": error_response("58000") + IDLE,
}


@TRANSACTIONS
@pytest.mark.parametrize("early", [False, True], ids=["to COMMIT", "to a statement before it"])
def test_a_commit_that_was_sent_and_not_answered_by_postgresql(
    proxy: Proxy, run: Transaction, early: bool
) -> None:
    found, expected = {}, {}
    for name, answer in ANSWERS.items():
        for forward in (True, False):
            proxy.fault = Fault(forward=forward, answer=answer, early=early)
            found[name, forward] = lost(run)
            expected[name, forward] = (False, forward)
            delete()
    assert found == expected
    assert proxy.met == len(expected)


FAILING = {
    "taken": "INSERT INTO outcomes (number) VALUES (1), (0)",
    "wrong": "INSERT INTO outcomes (number) SELECT 1 / number FROM outcomes",
    "refused at COMMIT": "INSERT INTO outcomes (number, late) VALUES (1, 0)",
    "ended": "INSERT INTO outcomes (number) SELECT 1 WHERE pg_terminate_backend(pg_backend_pid())",
}


@TRANSACTIONS
def test_errors_after_which_nothing_was_done_for_certain(proxy: Proxy, run: Transaction) -> None:
    found = {name: lost(run, sql) for name, sql in FAILING.items()}
    # A session may end for a statement before COMMIT or, for all that is said, after COMMIT.
    assert found == dict.fromkeys(FAILING, (True, False)) | {"ended": (run is django, False)}


def test_a_statement_that_commits_by_itself(proxy: Proxy) -> None:
    def write(sql: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(sql)

    def end_after(sql: str) -> str:
        return sql + " RETURNING pg_terminate_backend(pg_backend_pid())"

    assert lost(write, end_after(INSERT)) == (False, False)
    assert lost(write, FAILING["taken"]) == (True, False)
    # What only reads has nothing to lose.
    assert lost(write, "SELECT pg_terminate_backend(pg_backend_pid())") == (True, False)
