"""Workers that act at the same time: threads on PostgreSQL, processes on SQLite.

A task is a module-level function of one argument, so that it can be sent to a process.
"""

import multiprocessing
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, contextmanager
from multiprocessing.synchronize import Barrier as ProcessBarrier
from typing import Any, TypeVar

import django
from django.db import connection

from monoservices.boundaries.guard.judging import BoundaryViolation
from monoservices.boundaries.guard.watching import Guard
from monoservices.database.engines import engine

WORKERS = 6
MAX_WAIT_SECONDS = 30
"""How long workers wait for each other before they give up; never reached if all is well."""

Argument = TypeVar("Argument")
Result = TypeVar("Result")


class _Meeting:
    """Where workers meet that are threads of this process, or processes like this one."""

    barrier: threading.Barrier | ProcessBarrier


class Workers:
    """WORKERS workers, while the block of `start_workers` runs."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    def run(
        self, task: Callable[[Argument], Result], arguments: Sequence[Argument]
    ) -> list[Result]:
        """Call the task with each argument, each on its own worker; return the results in order.

        There must be one argument for each worker. Raises the first error of a task.
        """
        assert len(arguments) == WORKERS
        _Meeting.barrier.reset()
        database = str(connection.settings_dict["NAME"])
        futures = [self._executor.submit(_run, task, each, database) for each in arguments]
        wait(futures)
        errors = [error for future in futures if (error := future.exception())]
        # If one fails, the others wait for it in vain; their errors are not the cause.
        errors.sort(key=lambda error: isinstance(error, threading.BrokenBarrierError))
        if errors:
            raise errors[0]
        return [future.result() for future in futures]


@contextmanager
def start_workers() -> Iterator[Workers]:
    """Yield workers of the kind that suits the database."""
    if engine().LOCKS_ROWS:
        _Meeting.barrier = threading.Barrier(WORKERS, timeout=MAX_WAIT_SECONDS)
        with ThreadPoolExecutor(WORKERS) as threads:
            yield Workers(threads)
        return
    context = multiprocessing.get_context("spawn")
    _Meeting.barrier = context.Barrier(WORKERS, timeout=MAX_WAIT_SECONDS)
    with ProcessPoolExecutor(
        WORKERS, mp_context=context, initializer=_set_up, initargs=(_Meeting.barrier,)
    ) as processes:
        yield Workers(processes)


def meet() -> None:
    """Wait until all workers are here."""
    _Meeting.barrier.wait()


def meeting_after_reading(*, before: str = "orders_order") -> AbstractContextManager[None]:
    """Let the workers meet when each of them has read what it needs and none has written anything.

    before: the table whose first INSERT they meet at.
    """
    return meeting_before(lambda sql: sql.replace('"', "").startswith(f"INSERT INTO {before} "))


@contextmanager
def meeting_before(is_meant: Callable[[str], bool]) -> Iterator[None]:
    """Let the workers meet before the first statement that is meant.

    On SQLite, a transaction that will write is alone from its beginning, so they meet before it.
    """
    if not engine().LOCKS_ROWS:
        meet()
        yield
        return
    has_met = False

    def meet_once(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        nonlocal has_met
        if not has_met and is_meant(sql):
            has_met = True
            meet()
        return execute(sql, *rest)

    with connection.execute_wrapper(meet_once):
        yield


def _set_up(barrier: ProcessBarrier) -> None:
    """Prepare this new process for tasks."""
    _Meeting.barrier = barrier
    django.setup()
    Guard(_refuse).start()
    # A busy machine may be slow; that must not look like a lock that is held for too long.
    connection.settings_dict["OPTIONS"]["timeout"] = MAX_WAIT_SECONDS


def _refuse(violation: BoundaryViolation) -> None:
    raise violation


def _run(task: Callable[[Argument], Result], argument: Argument, database: str) -> Result:
    connection.settings_dict["NAME"] = database
    try:
        meet()  # so that no worker does the work of two
        return task(argument)
    except BaseException:
        _Meeting.barrier.abort()
        raise
    finally:
        connection.close()
