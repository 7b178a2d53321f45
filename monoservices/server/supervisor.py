"""The process that starts workers: what keeps signals to end from getting lost.

A worker listens to signals once its event loop runs for good. Before that, Granian's handlers lose
one signal, and hang on two. So signals are blocked while a worker is forked. The system keeps them
until the worker unblocks them (`monoservices.server.worker.hear_signals`).
"""

import os
import signal
import sys
import threading
from collections.abc import Callable

from monoservices.server.worker import SIGNALS


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


class Interrupt(threading.Event):
    """What wakes Granian's supervisor. It stays set once the supervisor has heard a signal to end.

    Granian clears it when it replaces a worker, and would forget a signal of the same moment.
    """

    def __init__(self, is_ending: Callable[[], bool]) -> None:
        super().__init__()
        self._is_ending = is_ending

    def clear(self) -> None:
        super().clear()
        if self._is_ending():
            self.set()
