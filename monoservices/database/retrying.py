"""The retry policy: what runs again after an error of the database, and how often.

Only a whole transaction runs again. After most errors it has changed nothing; after a lost
connection it may have committed, and then unique keys (such as idempotency keys) keep the second
run from doing everything twice. From the inside out:

1. An operation that relies on what it read without a lock runs again if a constraint says that
   this has changed meanwhile: once more as it was (`retry_once`), or with the rows locked. After a
   lock timeout (`is_lock_timeout`) it may run again without the rows that somebody else holds.
2. A batch (`with_retries`) runs once more after a `PASSING` error. If that fails too, or if the
   error was another one, each item runs alone, once, in order of arrival, so that no item fails
   for another's sake. Once the database cannot be reached, the items that remain fail with it.
3. What still fails is the client's to retry: the response is 503 if the error is passing.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from django.db import Error, close_old_connections, connection

from monoservices.database.errors import PASSING

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")
Result = TypeVar("Result")
Run = Callable[[Sequence[Item]], Sequence[Outcome]]

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Failure:
    """The error that an item met when it ran alone. An outcome may be an exception, too."""

    error: Exception


def unwrap(outcome: Outcome | Failure) -> Outcome:
    """Return the outcome, or raise the error of the failure."""
    if isinstance(outcome, Failure):
        raise outcome.error
    return outcome


def retry_once(
    attempt: Callable[[], Result], *, after: type[Exception] | tuple[type[Exception], ...]
) -> Result:
    """Return what `attempt` returns; call it a second time if it raises one of these errors."""
    try:
        return attempt()
    except after as error:
        logger.warning("retrying a transaction: %s", error)
    return attempt()


def with_retries(run: Run[Item, Outcome]) -> Run[Item, Outcome | Failure]:
    """Put the policy for batches around `run`.

    run: takes items and returns their outcomes, in the same order. It is one transaction, which is
        safe to repeat.
    """

    def run_with_retries(items: Sequence[Item]) -> Sequence[Outcome | Failure]:
        try:
            return retry_once(partial(_connect_and_run, run, items), after=PASSING)
        except PASSING as error:
            logger.warning("running the %d items of a batch alone: %s", len(items), error)
        except Exception:
            logger.exception("running the %d items of a batch alone", len(items))
        return _run_each(run, items)

    return run_with_retries


def _connect_and_run(run: Run[Item, Outcome], items: Sequence[Item]) -> Sequence[Outcome]:
    close_old_connections()  # Django then opens a new one, if the old one was lost
    return run(items)


def _run_each(run: Run[Item, Outcome], items: Sequence[Item]) -> Sequence[Outcome | Failure]:
    outcomes: list[Outcome | Failure] = []
    unreachable: Failure | None = None
    for item in items:
        unreachable = unreachable or _try_to_connect()
        outcomes.append(_run_alone(run, item) if unreachable is None else unreachable)
    return outcomes


def _try_to_connect() -> Failure | None:
    """Connect to the database if there is no connection. Return the failure, if it fails."""
    close_old_connections()
    try:
        connection.ensure_connection()
    except Error as error:
        return Failure(error)
    return None


def _run_alone(run: Run[Item, Outcome], item: Item) -> Outcome | Failure:
    try:
        [outcome] = run([item])
    except Exception as error:
        return Failure(error)
    return outcome
