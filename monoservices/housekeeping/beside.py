"""`manage.py serve` keeps a housekeeper running beside its workers."""

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

STOP_SECONDS = 5
"""How long the housekeeper may take for the chore that runs when the server ends. What a killed one
has not committed is done later."""
FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 60.0
"""How long the first and any further housekeeper is waited for that starts after one has died."""
HEALTHY_SECONDS = 5.0
"""One that has run for so long did not die of its start, so the next one starts after the first
pause again."""

logger = logging.getLogger(__name__)


@contextmanager
def housekeeping() -> Iterator[None]:
    """Keep a process of `manage.py housekeep` running during the block.

    A thread waits for its end, and starts the next one.
    """
    keeper = _Keeper()
    with _all_signals_blocked():  # so that they reach the main thread
        keeper.start()
    try:
        yield
    finally:
        keeper.stop()


class _Keeper(threading.Thread):
    def __init__(self) -> None:
        super().__init__(name="housekeeping", daemon=True)
        self._end = threading.Event()
        self._starting = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def run(self) -> None:
        pause = FIRST_PAUSE_SECONDS
        while process := self._next():
            began = time.monotonic()
            status = process.wait()
            if self._end.is_set():
                return
            if time.monotonic() - began >= HEALTHY_SECONDS:
                pause = FIRST_PAUSE_SECONDS
            logger.error("The housekeeper ended with status %d. A new one starts soon.", status)
            self._end.wait(pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    def stop(self) -> None:
        with self._starting:
            self._end.set()
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
        self.join(STOP_SECONDS)

    def _next(self) -> subprocess.Popen[bytes] | None:
        with self._starting:
            if self._end.is_set():
                return None
            self._process = subprocess.Popen(  # noqa: S603 - this very program
                [sys.executable, "-m", "django", "housekeep", f"--parent={os.getpid()}"],
                env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
                # With this, the system starts it in one step (posix_spawn). Otherwise, a worker
                # that is forked meanwhile holds the pipe on which Popen waits. Files of Python
                # and of Granian are closed all the same.
                close_fds=False,
            )
        logger.info("Spawning housekeeper with PID: %d", self._process.pid)
        return self._process


@contextmanager
def _all_signals_blocked() -> Iterator[None]:
    if sys.platform == "win32":
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
