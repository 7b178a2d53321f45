"""Let a command clean up when it is told to stop."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_SIGNALS = (signal.SIGTERM, signal.SIGHUP)


@contextmanager
def cleaning_up() -> Iterator[None]:
    """At SIGTERM and SIGHUP, leave the block by SystemExit, as at Ctrl-C by KeyboardInterrupt."""

    def stop(number: int, frame: Any) -> None:
        sys.exit(128 + number)  # what a shell reports of a process that the signal ended

    before = {number: signal.signal(number, stop) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
