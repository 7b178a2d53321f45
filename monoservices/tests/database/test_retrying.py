"""The retry policy: how often items run, together and alone, and what becomes of each."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import (
    DataError,
    IntegrityError,
    InterfaceError,
    OperationalError,
    connection,
    connections,
)

from monoservices.database.errors import PASSING
from monoservices.database.retrying import Failure, never_failing, retry_once, unwrap, with_retries

pytestmark = pytest.mark.django_db

Fail = Callable[[list[int]], Exception | None]


def attempts_of(fail: Fail, *items: int) -> tuple[list[list[int]], list[Any]]:
    """(attempts, outcomes or errors) of a batch of the items, in a thread of its own.

    fail: returns the error of an attempt, or None if it is to succeed. The outcome of n is -n.
    """
    attempts: list[list[int]] = []

    def run(items: Sequence[int]) -> list[int]:
        attempts.append(list(items))
        if error := fail(list(items)):
            raise error
        return [-item for item in items]

    with ThreadPoolExecutor(1) as thread:
        outcomes = thread.submit(with_retries(run), items).result()
        thread.submit(connections.close_all).result()
    return attempts, [each.error if isinstance(each, Failure) else each for each in outcomes]


def test_a_batch_that_succeeds_runs_once() -> None:
    attempts, answers = attempts_of(lambda _: None, 1, 2)
    assert attempts == [[1, 2]]
    assert answers == [-1, -2]


@pytest.mark.parametrize("passing", PASSING)
def test_a_batch_that_meets_a_passing_error_runs_again(passing: type[Exception]) -> None:
    errors = [passing("once")]
    attempts, answers = attempts_of(lambda _: errors.pop() if errors else None, 1, 2)
    assert attempts == [[1, 2], [1, 2]]
    assert answers == [-1, -2]


@pytest.mark.parametrize("passing", PASSING)
def test_a_batch_that_fails_twice_runs_one_by_one(passing: type[Exception]) -> None:
    errors = [passing("twice"), passing("once")]
    attempts, answers = attempts_of(lambda _: errors.pop() if errors else None, 2, 1, 3)
    assert attempts == [[2, 1, 3], [2, 1, 3], [2], [1], [3]]
    assert answers == [-2, -1, -3]


@pytest.mark.parametrize("passing", PASSING)
def test_an_item_that_fails_alone_has_its_error(passing: type[Exception]) -> None:
    error = passing("always")
    attempts, answers = attempts_of(lambda items: error if 2 in items else None, 1, 2, 3)
    assert attempts == [[1, 2, 3], [1, 2, 3], [1], [2], [3]]
    assert answers == [-1, error, -3]


def test_after_another_error_the_batch_does_not_run_together_again() -> None:
    error = ValueError("poison")
    attempts, answers = attempts_of(lambda items: error if 2 in items else None, 1, 2, 3)
    assert attempts == [[1, 2, 3], [1], [2], [3]]
    assert answers == [-1, error, -3]


class Cause(Exception):
    """An error of the driver, by its SQLSTATE; None: of the driver's own."""

    def __init__(self, sqlstate: str | None, *, outcome_unknown: bool = False) -> None:
        super().__init__(sqlstate)
        self.sqlstate, self.outcome_unknown = sqlstate, outcome_unknown


def caused(cause: Cause) -> OperationalError:
    error = OperationalError(str(cause))
    error.__cause__ = cause
    return error


@pytest.mark.parametrize("sqlstate", ["25006", "57P01", "0A000", None])
def test_what_fails_on_a_new_connection_too_fails_for_all(sqlstate: str | None) -> None:
    errors = [caused(Cause(sqlstate)), caused(Cause(sqlstate))]
    second = errors[0]
    attempts, answers = attempts_of(lambda _: errors.pop(), 1, 2)
    assert attempts == [[1, 2], [1, 2]]
    assert answers == [second, second]


def test_an_error_that_nobody_knows_may_be_one_items() -> None:
    error = caused(Cause("XX000"))
    attempts, answers = attempts_of(lambda items: error if 2 in items else None, 1, 2, 3)
    assert attempts == [[1, 2, 3], [1, 2, 3], [1], [2], [3]]
    assert answers == [-1, error, -3]


def test_an_item_that_loses_the_connection_is_the_last_one_tried() -> None:
    error = caused(Cause(None))

    def fail(items: list[int]) -> Exception | None:
        return ValueError("one by one, please") if len(items) > 1 else error if 2 in items else None

    attempts, answers = attempts_of(fail, 1, 2, 3, 4)
    assert attempts == [[1, 2, 3, 4], [1], [2]]
    assert answers[:2] == [-1, error]
    assert [str(each) for each in answers[2:]] == [
        "an item before this one lost the connection"
    ] * 2


@pytest.mark.parametrize("refusal", [None, ValueError("refused"), Failure(ValueError("failed"))])
def test_only_success_settles_an_unknown_outcome(refusal: Any) -> None:
    doubt = caused(Cause(None, outcome_unknown=True))
    errors: list[Exception] = [doubt]

    def run(items: Sequence[int]) -> list[Any]:
        if errors:
            raise errors.pop()
        return [-1, refusal]

    with ThreadPoolExecutor(1) as thread:
        outcomes = thread.submit(with_retries(run), [1, 2]).result()
        assert outcomes == [-1, Failure(doubt)]
        again = thread.submit(with_retries(run), [1, 2]).result()
        assert again == [-1, refusal]  # without a doubt, a refusal is one
        thread.submit(connections.close_all).result()


def test_an_unknown_outcome_stays_unknown_if_the_second_attempt_fails() -> None:
    doubt = caused(Cause(None, outcome_unknown=True))
    errors = [caused(Cause("08006")), doubt]
    attempts, answers = attempts_of(lambda _: errors.pop(), 1, 2)
    assert attempts == [[1, 2], [1, 2]]
    assert answers == [doubt, doubt]


@pytest.mark.parametrize("error", [DataError("odd"), ZeroDivisionError()])
def test_what_never_fails(error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> None:
        raise error

    with never_failing("do it"):
        fail()
    assert caplog.messages == [f"could not do it: {error}"]


def out_of_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no new connection reach the database."""
    settings = connection.settings_dict
    if connection.vendor == "sqlite":
        monkeypatch.setitem(settings, "NAME", "/no/such/directory/database.sqlite3")
    else:
        monkeypatch.setitem(settings, "HOST", "127.0.0.1")
        monkeypatch.setitem(settings, "PORT", "1")


@pytest.mark.parametrize(("error", "traceback"), [(IntegrityError, False), (KeyError, True)])
def test_only_errors_that_do_not_pass_are_logged_with_a_traceback(
    error: type[Exception], traceback: bool, caplog: pytest.LogCaptureFixture
) -> None:
    attempts_of(lambda items: error("always") if len(items) > 1 else None, 1, 2)
    last = caplog.records[-1]
    assert last.getMessage().startswith("running the 2 items of a batch alone")
    assert bool(last.exc_info) is traceback


def test_a_database_that_cannot_be_reached_is_not_asked_for_every_item(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def use_the_database(_: list[int]) -> None:
        connection.ensure_connection()

    out_of_reach(monkeypatch)
    attempts, answers = attempts_of(use_the_database, 1, 2, 3)
    assert attempts == [[1, 2, 3], [1, 2, 3]]
    assert [type(answer) for answer in answers] == [OperationalError] * 3


def test_a_database_that_is_lost_between_items(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(items: list[int]) -> Exception | None:
        if len(items) > 1:
            return ValueError("one by one, please")
        if items == [2]:
            out_of_reach(monkeypatch)
            connection.close()
            return OperationalError("lost")
        return None

    attempts, answers = attempts_of(fail, 1, 2, 3, 4)
    assert attempts == [[1, 2, 3, 4], [1], [2]]
    assert answers[0] == -1
    assert [type(answer) for answer in answers[1:]] == [OperationalError] * 3


def test_a_connection_that_breaks_while_connecting(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []

    def break_off(*_: object) -> None:
        tried.append("tried")
        raise InterfaceError("the connection is closed")

    monkeypatch.setattr(type(connections["default"]), "get_new_connection", break_off)
    attempts, answers = attempts_of(lambda _: ValueError("one by one, please"), 1, 2)
    assert attempts == [[1, 2]]
    assert [type(answer) for answer in answers] == [InterfaceError] * 2
    assert tried == ["tried"]  # not for every item, each of which could wait for long


def test_every_attempt_finds_a_connection_that_works(monkeypatch: pytest.MonkeyPatch) -> None:
    wrapper = type(connections["default"])
    monkeypatch.setattr(wrapper, "is_usable", lambda _: False)
    used: list[Any] = []

    def break_the_connection(_: list[int]) -> Exception:
        connection.ensure_connection()
        used.append(connection.connection)
        connections["default"].errors_occurred = True
        return OperationalError("lost")

    attempts, answers = attempts_of(break_the_connection, 1, 2)
    assert attempts == [[1, 2], [1, 2], [1], [2]]
    assert [type(answer) for answer in answers] == [OperationalError] * 2
    assert len({id(each) for each in used}) == 4


def test_unwrapping_an_outcome() -> None:
    error = ValueError("an outcome")
    assert unwrap(error) is error
    with pytest.raises(ValueError, match="a failure"):
        unwrap(Failure(ValueError("a failure")))


@pytest.mark.parametrize(
    ("errors", "after", "raised", "attempts"),
    [
        ([], KeyError, None, 1),
        ([KeyError(1)], KeyError, None, 2),
        ([KeyError(1), KeyError(2)], KeyError, 2, 2),
        ([KeyError(1)], ValueError, 1, 1),
        ([KeyError(1)], (), 1, 1),
    ],
)
def test_retrying_once(
    errors: list[KeyError], after: Any, raised: int | None, attempts: int
) -> None:
    remaining = [*errors]
    called = []

    def attempt() -> str:
        called.append("called")
        if remaining:
            raise remaining.pop(0)
        return "done"

    if raised is None:
        assert retry_once(attempt, after=after) == "done"
    else:
        with pytest.raises(KeyError, match=str(raised)):
            retry_once(attempt, after=after)
    assert len(called) == attempts
