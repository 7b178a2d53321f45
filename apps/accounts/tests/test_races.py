"""What two connections do at once, on threads of their own; a first write is held uncommitted."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from apps.accounts import operations
from apps.accounts.models import ApiKey, Client
from monoservices.database.engines import engine

pytestmark = pytest.mark.django_db(transaction=True)


def while_another_creates_it(call: Callable[[], Any]) -> Any:
    """The result of `call` where another transaction creates the client "console" meanwhile.

    That transaction commits when `call` has looked and not found, and is about to write.
    """
    about_to_write = threading.Event()

    def announce(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith(("BEGIN", "INSERT")):
            about_to_write.set()
        return execute(sql, params, many, context)

    def run() -> Any:
        try:
            with connection.execute_wrapper(announce):
                return call()
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=1) as pool:
        with transaction.atomic():
            Client.objects.create(name="console")
            outcome: Future[Any] = pool.submit(run)
            assert about_to_write.wait(timeout=5)
        return outcome.result(timeout=10)


def test_built_in_client_id_survives_that_another_makes_the_client() -> None:
    client_id = while_another_creates_it(lambda: operations.built_in_client_id(name="console"))
    assert Client.objects.get().id == client_id


def test_issue_key_survives_that_another_makes_the_client() -> None:
    issued = while_another_creates_it(lambda: operations.issue_key(client_name="console"))
    assert ApiKey.objects.get() == issued.key
    assert Client.objects.get().id == issued.key.client_id


def test_control_looking_first_and_creating_then_does_not_survive() -> None:
    def check_then_act() -> Client:
        if not Client.objects.filter(name="console").exists():
            with transaction.atomic():
                return Client.objects.create(name="console")
        return Client.objects.get(name="console")

    with pytest.raises(IntegrityError):
        while_another_creates_it(check_then_act)
    assert Client.objects.count() == 1


@contextmanager
def locked_by_another(key: ApiKey) -> Iterator[None]:
    """Hold the row of `key` (on SQLite: the database) in a transaction on another connection."""
    locked, done = threading.Event(), threading.Event()

    def hold() -> None:
        try:
            with transaction.atomic():
                ApiKey.objects.filter(id=key.id).update(prefix=key.prefix)
                locked.set()
                done.wait(timeout=10)
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=1) as pool:
        holder = pool.submit(hold)
        assert locked.wait(timeout=5)
        try:
            yield
        finally:
            done.set()
        holder.result(timeout=10)


def test_noting_a_use_gives_up_where_the_row_is_locked(caplog: pytest.LogCaptureFixture) -> None:
    key = operations.issue_key(client_name="shop").key
    impatient = {"postgresql": "SET lock_timeout = 50", "sqlite": "PRAGMA busy_timeout = 50"}
    with connection.cursor() as cursor:
        cursor.execute(impatient[connection.vendor])
    try:
        with locked_by_another(key):
            assert len(operations.ask_for_callers(digests=[key.digest])()) == 1
    finally:
        connection.close()  # and with it its impatience
    key.refresh_from_db()
    assert key.last_used_at is None
    assert caplog.messages[-1].startswith(f"could not note the use of keys [{key.id}]: ")
    operations.ask_for_callers(digests=[key.digest])()
    key.refresh_from_db()
    assert key.last_used_at is not None


def place_something(key: ApiKey) -> None:
    """A transaction that looks the key up, and writes a row."""
    with engine().pipelined_transaction():
        read = operations.ask_for_callers(digests=[key.digest])
        Client.objects.create(name="other")
        assert read().keys() == {key.digest}
        assert ApiKey.objects.get().last_used_at is None


def test_in_a_transaction_a_use_is_noted_after_the_commit() -> None:
    key = operations.issue_key(client_name="shop").key
    place_something(key)
    assert ApiKey.objects.exclude(last_used_at=None).get() == key


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite lets nobody write meanwhile")
def test_a_transaction_does_not_wait_for_the_rows_of_keys(caplog: pytest.LogCaptureFixture) -> None:
    key = operations.issue_key(client_name="shop").key
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = 50")
    try:
        with locked_by_another(key):
            place_something(key)
    finally:
        connection.close()  # and with it its impatience
    assert Client.objects.filter(name="other").exists()
    assert ApiKey.objects.get().last_used_at is None
    assert caplog.messages[-1].startswith(f"could not note the use of keys [{key.id}]: ")
