"""Publishes what this process has counted, so that every process can show the sum of all.

A thread of its own writes it to a file every second and at the end. A slow or full disk costs
metrics then, and never a request.
"""

import logging
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from monoservices.metrics.declaring import Counter, Gauge, Histogram, count
from monoservices.metrics.processes import VARIABLE
from monoservices.metrics.sharing import ENDED, OwnFile, Snapshot, fold_ended, read_all

SECONDS = 1.0
"""How often a process publishes."""
PATIENCE_SECONDS = 2.0
"""How long others wait for a file to be written."""

logger = logging.getLogger(__name__)


class Publisher:
    """Publishes the counts of this process in a directory."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._file = OwnFile(directory)
        self._writing = threading.Lock()
        self._is_failing = False
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._work, name="metrics", daemon=True)

    def start(self) -> None:
        """Publish every SECONDS. Do nothing if it has started."""
        if self._thread.ident is None:
            with suppress(RuntimeError):  # another thread has started it meanwhile
                self._thread.start()

    def stop(self) -> None:
        """Publish a last time. What is counted later is lost."""
        self._end.set()
        if self._thread.is_alive():
            self._thread.join(PATIENCE_SECONDS)
        if self._writing.acquire(timeout=PATIENCE_SECONDS):  # and keep it
            self._file.close()

    def publish(self) -> bool:
        """Publish now. Return whether it worked; log when it fails, and when it works again."""
        if not self._writing.acquire(timeout=PATIENCE_SECONDS):
            return False
        try:
            self._file.write(counted())
        except Exception as error:
            if not self._is_failing:
                logger.warning("Metrics cannot be written, and will be old for a while: %s", error)
            self._is_failing = True
        else:
            if self._is_failing:
                logger.warning("Metrics are written again.")
            self._is_failing = False
        finally:
            self._writing.release()
        return not self._is_failing

    def snapshots(self) -> list[Snapshot]:
        """What all processes have published, and what this one has counted until now.

        If this one cannot publish, its published counts stand for it, so that the sums of all
        processes agree; unless it is alone.
        """
        published = self.publish()
        snapshots = read_all(self.directory)
        if not published and snapshots.keys() <= {self._file.path.name, ENDED}:
            snapshots[self._file.path.name] = counted()
        return list(snapshots.values())

    def _work(self) -> None:
        try:
            fold_ended(self.directory)
        except OSError as error:
            logger.info("Metrics of ended processes keep their own files: %s", error)
        self.publish()
        while not self._end.wait(SECONDS):
            self.publish()
        self.publish()  # a last time


def counted() -> Snapshot:
    """What this process has counted."""
    return Snapshot(totals=count(Counter, Histogram), gauges=count(Gauge))


def snapshots() -> list[Snapshot]:
    """What this process and those that count together with it have counted."""
    publisher = _publisher_of_this_process()
    return [counted()] if publisher is None else publisher.snapshots()


def start() -> None:
    """From now on, publish what this process counts, if processes count together."""
    if publisher := _publisher_of_this_process():
        publisher.start()


@contextmanager
def publishing() -> Iterator[None]:
    """Publish what this process counts during the block, and a last time at its end."""
    start()
    try:
        yield
    finally:
        if publisher := _publisher_of_this_process():
            publisher.stop()


_publisher: Publisher | None = None


def _publisher_of_this_process() -> Publisher | None:
    global _publisher  # noqa: PLW0603 - one for each process
    directory = os.environ.get(VARIABLE)
    if not directory:
        return None
    if _publisher is None or str(_publisher.directory) != directory:
        _publisher = Publisher(Path(directory))
    return _publisher


def _forget_after_fork() -> None:
    global _publisher  # noqa: PLW0603 - the parent's
    _publisher = None


if sys.platform != "win32":
    os.register_at_fork(after_in_child=_forget_after_fork)
