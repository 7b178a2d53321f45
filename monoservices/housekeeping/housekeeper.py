"""The loop that calls chores, until a signal or the death of its parent ends it."""

import logging
import os
import select
import signal
import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from monoservices.housekeeping.chores import SECONDS, Chore

SIGNALS = {signal.SIGINT, signal.SIGTERM}

logger = logging.getLogger(__name__)


class Housekeeper:
    """Calls chores when they are due, one after the other. It runs once.

    parent: the id of the process that started this one. With it, the loop ends when the parent has.
    """

    def __init__(self, chores: Sequence[Chore], *, parent: int | None = None) -> None:
        self._chores = chores
        self._parent = parent
        self._is_ending = False
        self._ears, self._mouth = socket.socketpair()
        self._mouth.setblocking(False)  # `end` must not wait

    def run(self) -> None:
        """Call chores until SIGTERM or SIGINT. A chore that runs is not interrupted."""
        with self._hearing_signals():
            while not self._has_ended():
                for chore in self._chores:
                    if not self._is_ending and not chore.seconds_left():
                        chore.run()
                self._wait(min((each.seconds_left() for each in self._chores), default=SECONDS))

    def run_once(self) -> bool:
        """Call each chore until nothing is left to do. Return whether all worked."""
        with self._hearing_signals():
            failed = [chore for chore in self._chores if not self._finish(chore)]
        return not failed

    def _finish(self, chore: Chore) -> bool:
        while not self._is_ending:
            if not chore.run():
                return False
            if chore.seconds_left():
                break
        return True

    def end(self, *_: Any) -> None:
        """Let the loop end after the chore that runs. For a signal: it takes no lock."""
        self._is_ending = True
        with suppress(BlockingIOError):  # somebody has said so often enough
            self._mouth.send(b".")

    def _has_ended(self) -> bool:
        return self._is_ending or (self._parent is not None and os.getppid() != self._parent)

    def _wait(self, seconds: float) -> None:
        select.select([self._ears], [], [], 0 if self._is_ending else min(seconds, SECONDS))

    @contextmanager
    def _hearing_signals(self) -> Iterator[None]:
        before = {each: signal.signal(each, self.end) for each in SIGNALS}
        if sys.platform != "win32":  # who started this process has blocked them
            mask = signal.pthread_sigmask(signal.SIG_UNBLOCK, signal.valid_signals())
        try:
            yield
        finally:
            if sys.platform != "win32":
                signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            for number, handler in before.items():
                signal.signal(number, handler)
            self._ears.close()
            self._mouth.close()
