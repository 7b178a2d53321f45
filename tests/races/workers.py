"""Workers that act at the same time: threads on PostgreSQL, processes on SQLite.

A task is a function of one argument at the top of a module, so that a process can be sent it.
"""

import multiprocessing
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor, wait
from contextlib import contextmanager
from multiprocessing.synchronize import Barrier as ProcessBarrier
from typing import Any

import django
from django.db import connection

WORKERS = 6
TIMEOUT = 30
"""Seconds after which workers that wait for each other give up; never reached if all is well."""

Barrier = threading.Barrier | ProcessBarrier


class _Meeting:
    """Where this process's workers meet."""

    barrier: Barrier


class Workers:
    """WORKERS workers, for as long as the block of `start_workers` runs."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    def run[Argument, Result](
        self, task: Callable[[Argument], Result], arguments: Sequence[Argument]
    ) -> list[Result]:
        """Call the task with each argument, on a worker each; return what came back, in order.

        There must be one argument for each worker. The first error of a task is raised.
        """
        assert len(arguments) == WORKERS
        _Meeting.barrier.reset()
        database = str(connection.settings_dict["NAME"])
        futures = [self._executor.submit(_run, task, each, database) for each in arguments]
        wait(futures)
        errors = [error for future in futures if (error := future.exception())]
        # Where one fails, the others wait for it in vain; that is not what went wrong.
        errors.sort(key=lambda error: isinstance(error, threading.BrokenBarrierError))
        if errors:
            raise errors[0]
        return [future.result() for future in futures]
