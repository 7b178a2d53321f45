"""The retry policy: what runs again after an error of the database, and how often.

Only a whole transaction runs again. After most errors it has changed nothing; after a lost
connection it may have committed, and then unique keys (such as idempotency keys) keep the second
run from doing everything twice. From the inside out:

1. An operation that relies on what it read without a lock runs again if a constraint says that
   this has changed meanwhile: once more as it was (`retry_once`), or with the rows locked. After a
   lock timeout (`is_lock_timeout`) it may run again without the rows that somebody else holds.
2. A batch (`with_retries`) runs once more, on a new connection if the old one may be the reason,
   after an error that may pass. If that fails too, or if the error was a bug, each item runs alone,
   once, in order of arrival, so that no item fails for another's sake. If the fault is not in the
   items, but the database is away or its connections fail, all items that remain fail at once.
3. What still fails is the client's to retry: the response is 503 if the error is passing.

After an attempt whose COMMIT was not answered (`is_outcome_unknown`), only success tells what
became of an item: its unique key was found, or it was written now. A refusal does not: the first
attempt may still be committed after it. The item fails with the first attempt's error instead.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from django.db import Error, OperationalError, close_old_connections, connection

from monoservices.database.engines import engine
from monoservices.database.errors import Fault, fault_of, is_outcome_unknown

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


@contextmanager
def never_failing(what: str) -> Iterator[None]:
    """Log an error in the block instead of raising it, and leave a connection that works.

    what: what the block does, in the infinitive. It must not be in a transaction.
    """
    try:
        yield
    except Exception as error:
        logger.warning("could not %s: %s", what, error)
        close_old_connections()  # as far as they are lost


def with_retries(run: Run[Item, Outcome]) -> Run[Item, Outcome | Failure]:
    """Put the policy for batches around `run`.

    The result is for a thread that does nothing else: its connection gets the settings for batches.
    run: takes items and returns their outcomes, in the same order. It is one transaction, which is
        safe to repeat. An outcome that is an exception or None is a refusal.
    """

    def run_with_retries(items: Sequence[Item]) -> Sequence[Outcome | Failure]:
        engine().serve_batches()
        doubts: list[Exception] = []
        outcomes = _run_together(run, items, doubts)
        return _settle(outcomes, doubts[0]) if doubts else outcomes

    return run_with_retries


def _run_together(
    run: Run[Item, Outcome], items: Sequence[Item], doubts: list[Exception]
) -> Sequence[Outcome | Failure]:
    """Run the batch up to twice, and then each item. doubts: receives errors of unknown outcome."""
    for is_last in (False, True):
        try:
            close_old_connections()  # Django then opens a new one, if the old one was lost
            return run(items)
        except Exception as error:
            if is_outcome_unknown(error):
                doubts.append(error)
            fault = fault_of(error)
            if fault is Fault.STATEMENT:
                logger.exception("running the %d items of a batch alone", len(items))
                break
            if not is_last:
                logger.warning("retrying a transaction: %s", error)
            elif fault is Fault.CONNECTION:
                logger.warning("the %d items of a batch have failed: %s", len(items), error)
                return [Failure(error)] * len(items)
            else:
                logger.warning("running the %d items of a batch alone: %s", len(items), error)
    return _run_each(run, items)


def _run_each(run: Run[Item, Outcome], items: Sequence[Item]) -> Sequence[Outcome | Failure]:
    outcomes: list[Outcome | Failure] = []
    unreachable: Failure | None = None
    for item in items:
        unreachable = unreachable or _try_to_connect()
        if unreachable is not None:
            outcomes.append(unreachable)
            continue
        outcome = _run_alone(run, item)
        outcomes.append(outcome)
        if isinstance(outcome, Failure) and fault_of(outcome.error) is Fault.CONNECTION:
            # The next item might wait as long. It has not been tried, so its error is another.
            unreachable = Failure(OperationalError("an item before this one lost the connection"))
    return outcomes


def _settle(outcomes: Sequence[Outcome | Failure], doubt: Exception) -> Sequence[Outcome | Failure]:
    """The outcomes; after an attempt of unknown outcome, what is no success is not known either."""
    return [
        Failure(doubt) if isinstance(each, Failure | Exception) or each is None else each
        for each in outcomes
    ]


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
