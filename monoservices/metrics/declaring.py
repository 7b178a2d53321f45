"""Metrics as they are declared, and what was added to them and is not written yet.

Writing a value for several processes costs microseconds, and an order has two to spare for all of
its metrics together. So adding appends to a deque, which is atomic, and `flush` writes what came
since the last time, all at once: every second while the ASGI front runs, when somebody reads
/metrics, and wherever AT_ONCE values wait. A process that is killed takes its last second with it.

The library is not imported before something is written: it decides then, by the environment,
whether it counts for one process or for several (see `monoservices.metrics.processes`).
"""

import logging
import os
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from threading import Lock
from typing import Any, ClassVar, TypeVar
from weakref import WeakKeyDictionary

AT_ONCE = 1024
"""How many values of a series may wait to be written."""
SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
"""Buckets for what takes milliseconds, and seconds where something is wrong."""

Owner = TypeVar("Owner")

logger = logging.getLogger(__name__)
_declared: dict[str, "Metric"] = {}
_writing = Lock()


class Metric:
    """What is counted under one name.

    name: as Prometheus has it, unit included. meaning: a sentence. labels: the names of the labels;
    their values must be few.
    """

    type: ClassVar[str]

    def __init__(self, name: str, meaning: str, *, labels: tuple[str, ...] = ()) -> None:
        self.name = name
        self.meaning = meaning
        self.labels = labels
        self._series: dict[tuple[str, ...], Series] = {}
        _declared[name] = self

    def of(self, *labels: str) -> "Series":
        """The series with these values of the labels."""
        series = self._series.get(labels)
        return series or self._series.setdefault(labels, Series(self, labels))

    def flush(self) -> None:
        """Write what waits."""
        for series in list(self._series.values()):
            series.flush()

    def forget(self) -> None:
        """Drop what waits."""
        for series in self._series.values():
            series.forget()


class Counted(Metric):
    """A number that only grows."""

    type = "counter"


class Observed(Metric):
    """Values whose distribution is of interest. buckets: their upper bounds."""

    type = "histogram"

    def __init__(
        self, name: str, meaning: str, *, buckets: Sequence[float], labels: tuple[str, ...] = ()
    ) -> None:
        super().__init__(name, meaning, labels=labels)
        self.buckets = buckets


class Sampled(Metric):
    """A number that goes up and down, looked at whenever it is written; over all workers, the sum.

    It has no series to add to, but objects that it watches while they live.
    """

    type = "gauge"

    def __init__(self, name: str, meaning: str, *, labels: tuple[str, ...] = ()) -> None:
        super().__init__(name, meaning, labels=labels)
        self._watched: WeakKeyDictionary[Any, tuple[tuple[str, ...], Callable[[Any], float]]]
        self._watched = WeakKeyDictionary()

    def watch(self, owner: Owner, measure: Callable[[Owner], float], *labels: str) -> None:
        """Add `measure(owner)` to what has these values of the labels."""
        self.of(*labels)
        self._watched[owner] = labels, measure

    def flush(self) -> None:
        sums = dict.fromkeys(self._series, 0.0)
        for owner, (labels, measure) in list(self._watched.items()):
            sums[labels] += measure(owner)
        for labels, value in sums.items():
            _write(self, labels, [value])


class Series:
    """The values of a metric with the same labels."""

    __slots__ = ("_labels", "_metric", "_pending")

    def __init__(self, metric: Metric, labels: tuple[str, ...]) -> None:
        self._metric = metric
        self._labels = labels
        self._pending: deque[float] = deque()

    def add(self, value: float = 1) -> None:
        """Add a value: so many more, or one that was observed."""
        self._pending.append(value)
        if len(self._pending) >= AT_ONCE:
            self.flush()

    def extend(self, values: Iterable[float]) -> None:
        """Add several values."""
        self._pending.extend(values)
        if len(self._pending) >= AT_ONCE:
            self.flush()

    def flush(self) -> None:
        """Write what waits."""
        if self._pending:
            _write(self._metric, self._labels, self._taken())

    def forget(self) -> None:
        """Drop what waits."""
        self._pending.clear()

    def _taken(self) -> Iterator[float]:
        while self._pending:  # `_write` lets one thread in at a time
            yield self._pending.popleft()


def declared() -> tuple[Metric, ...]:
    """All metrics, by name."""
    return tuple(metric for _, metric in sorted(_declared.items()))


def flush() -> None:
    """Write everything that waits."""
    for metric in declared():
        metric.flush()


def _write(metric: Metric, labels: tuple[str, ...], values: Iterable[float]) -> None:
    """Write values; an error is logged, because no order must fail for want of a number."""
    with _writing:
        try:
            from monoservices.metrics import prometheus

            prometheus.write(metric, labels, list(values))
        except Exception:
            logger.exception("%s was not written", metric.name)


def _begin_anew() -> None:
    """In a process that was forked: what waited is the parent's to write."""
    global _writing  # noqa: PLW0603 - the parent's may be taken, by a thread that is not here
    _writing = Lock()
    for metric in declared():
        metric.forget()


if sys.platform != "win32":
    os.register_at_fork(after_in_child=_begin_anew)
