"""The process that starts workers: what keeps it and them from missing a signal to end.

A worker listens to signals once its event loop runs for good. Before that, Granian's handlers lose
one signal, and hang on two. So signals are blocked while a worker is forked. The system keeps them
until the worker unblocks them (`monoservices.server.worker.hear_signals`).

A worker also inherits the locks that other threads of this process hold at that moment. Nobody
releases them there. Such threads write log lines only, so no worker is forked within one.
"""

import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue

from monoservices.server.worker import SIGNALS


def guard_forks() -> None:
    """Let every worker that this process forks from now on hear signals, and start."""
    keep_signals_for_workers()
    fork_between_log_lines()


def keep_signals_for_workers() -> None:
    """Block signals to end in the processes that this process forks from now on."""
    if sys.platform == "win32":  # where workers are not forked
        return
    supervisor, mask = os.getpid(), set[signal.Signals | int]()

    def block() -> None:
        if os.getpid() == supervisor:  # a worker may fork too
            mask.update(signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS))

    def restore() -> None:
        if os.getpid() == supervisor:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            mask.clear()

    os.register_at_fork(before=block, after_in_parent=restore)


def fork_between_log_lines() -> None:
    """Let no other thread be within a log line when this process forks, from now on.

    `logging` makes its own locks anew in the child, but the lock of `sys.stderr` is Python's.
    """
    if sys.platform == "win32":
        return
    supervisor, held = os.getpid(), list[logging.Handler]()

    def acquire() -> None:
        if os.getpid() == supervisor:
            held.extend(_handlers())
            for handler in held:
                handler.acquire()

    def release() -> None:
        if os.getpid() == supervisor:
            while held:
                held.pop().release()

    os.register_at_fork(before=acquire, after_in_parent=release)


def _handlers() -> list[logging.Handler]:
    """Those of all loggers, each once."""
    loggers = [logging.getLogger(), *map(logging.getLogger, [*logging.root.manager.loggerDict])]
    return list(dict.fromkeys(handler for logger in loggers for handler in logger.handlers))


class Interrupt(threading.Event):
    """What wakes Granian's supervisor: an event that a handler of signals may set.

    Its base is not safe for that: a handler that interrupts `wait` while `wait` holds the event's
    lock waits for that lock for ever. `SimpleQueue.put` is safe wherever the thread stands
    (Python's documentation of `queue`, "reentrant").

    It stays set once the supervisor has heard a signal to end. Granian clears it when it replaces
    a worker, and would forget a signal of the same moment.
    """

    def __init__(self, is_ending: Callable[[], bool]) -> None:
        super().__init__()
        self._is_ending = is_ending
        self._calls: SimpleQueue[None] = SimpleQueue()

    def set(self) -> None:
        """Wake whoever waits. It is safe in a handler of signals, and in any thread."""
        self._calls.put(None)

    def is_set(self) -> bool:
        """Whether `wait` returns at once."""
        return not self._calls.empty()

    def clear(self) -> None:
        """Forget what was set until now, unless a signal to end was heard."""
        for _ in range(self._calls.qsize()):
            self._calls.get()
        if self._is_ending():
            self.set()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it is set. Return whether it is. One thread waits and clears."""
        with suppress(Empty):
            self._calls.get(timeout=timeout)
            self.set()
        return self.is_set()
