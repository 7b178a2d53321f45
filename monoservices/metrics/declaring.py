"""Declared metrics, and the values that were added to them and are not written yet.

Writing a value for several processes takes microseconds, and one order has two microseconds for all
of its metrics. So adding a value appends it to a deque, which is atomic, and `flush` writes all
pending values at once: every second while the ASGI front runs, when somebody reads /metrics, and
whenever a series has AT_ONCE pending values. A process that is killed loses its last second.

`prometheus_client` is imported when the first value is written. On import, it reads from the
environment whether one process counts or several (see `monoservices.metrics.processes`).
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
"""How many values of a series may be pending."""
SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
"""Buckets for work that takes milliseconds, and seconds when something is wrong."""

Owner = TypeVar("Owner")

logger = logging.getLogger(__name__)
_declared: dict[str, "Metric"] = {}
_writing = Lock()


class Metric:
    """Everything that is counted under one name.

    name: the name in Prometheus, with its unit. meaning: a sentence.
    labels: the names of the labels. Each label must have few values.
    """

    type: ClassVar[str]

    def __init__(
        self,
        name: str,
        meaning: str,
        *,
        labels: tuple[str, ...] = (),
        buckets: Sequence[float] = (),
    ) -> None:
        self.name = name
        self.meaning = meaning
        self.labels = labels
        self.buckets = buckets
        self._series: dict[tuple[str, ...], Series] = {}
        _declared[name] = self

    def of(self, *labels: str) -> "Series":
        """The series with these values of the labels."""
        series = self._series.get(labels)
        return series or self._series.setdefault(labels, Series(self, labels))

    def flush(self) -> None:
        """Write the pending values."""
        for series in list(self._series.values()):
            series.flush()

    def clear(self) -> None:
        """Drop the pending values."""
        for series in self._series.values():
            series.pending.clear()


class Counter(Metric):
    """A number that only grows."""

    type = "counter"


class Histogram(Metric):
    """A distribution of values. buckets: their upper bounds."""

    type = "histogram"


class Gauge(Metric):
    """A number that goes up and down: a sum over the objects that it watches while they live.

    It is measured whenever it is written. Over several workers, it is the sum of all.
    """

    type = "gauge"

    def __init__(self, name: str, meaning: str, *, labels: tuple[str, ...] = ()) -> None:
        super().__init__(name, meaning, labels=labels)
        self._watched = WeakKeyDictionary[Any, tuple[tuple[str, ...], Callable[[Any], float]]]()

    def watch(self, owner: Owner, measure: Callable[[Owner], float], *labels: str) -> None:
        """Add `measure(owner)` to the series with these values of the labels."""
        self.of(*labels)
        self._watched[owner] = labels, measure

    def flush(self) -> None:
        sums = dict.fromkeys(self._series, 0.0)
        for owner, (labels, measure) in list(self._watched.items()):
            sums[labels] += measure(owner)
        for labels, value in sums.items():
            _write(self, labels, [value])


class Series:
    """The values of a metric that have the same labels."""

    __slots__ = ("_labels", "_metric", "pending")

    def __init__(self, metric: Metric, labels: tuple[str, ...]) -> None:
        self._metric = metric
        self._labels = labels
        self.pending: deque[float] = deque()

    def add(self, value: float = 1) -> None:
        """Add a value: an increment, or an observation."""
        self.pending.append(value)
        if len(self.pending) >= AT_ONCE:
            self.flush()

    def extend(self, values: Iterable[float]) -> None:
        self.pending.extend(values)
        if len(self.pending) >= AT_ONCE:
            self.flush()

    def flush(self) -> None:
        if self.pending:
            _write(self._metric, self._labels, self._take())

    def _take(self) -> Iterator[float]:
        while self.pending:  # `_write` lets one thread in at a time
            yield self.pending.popleft()


def declared() -> tuple[Metric, ...]:
    """All metrics, sorted by name."""
    return tuple(metric for _, metric in sorted(_declared.items()))


def flush() -> None:
    """Write all pending values."""
    for metric in declared():
        metric.flush()


def _write(metric: Metric, labels: tuple[str, ...], values: Iterable[float]) -> None:
    """Write values. An error is only logged: a metric must never make an order fail."""
    with _writing:
        try:
            from monoservices.metrics import prometheus  # late, see above

            prometheus.write(metric, labels, list(values))
        except Exception:
            logger.exception("%s was not written", metric.name)


def _reset_after_fork() -> None:
    """Drop the pending values: the parent process writes them."""
    global _writing  # noqa: PLW0603 - a thread of the parent may hold it, and is not here
    _writing = Lock()
    for metric in declared():
        metric.clear()


if sys.platform != "win32":
    os.register_at_fork(after_in_child=_reset_after_fork)
