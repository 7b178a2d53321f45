"""Declared metrics, and what this process has counted of them.

One order has two microseconds for all of its metrics. So adding a value appends it to a deque,
which is atomic. `Series.fold` adds up what is pending: when AT_ONCE values are, when the process
publishes its numbers (`monoservices.metrics.publishing`), and when somebody reads /metrics.
"""

import logging
import os
import sys
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from math import fsum
from threading import Lock
from typing import Any, ClassVar, TypeVar
from weakref import WeakKeyDictionary

Numbers = list[float]
"""Of a series: the sum of its values, and for a histogram how many of them each bucket has, the
last one without a bound."""
Labels = tuple[str, ...]
Counts = dict[str, dict[Labels, Numbers]]
"""The numbers of series by their metric's name and the values of their labels."""

AT_ONCE = 1024
"""How many values of a series may be pending."""
SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
"""Buckets for work that takes milliseconds, and seconds when something is wrong."""

Owner = TypeVar("Owner")

logger = logging.getLogger(__name__)
_declared: dict[str, "Metric"] = {}
_folding = Lock()


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
        self._series: dict[Labels, Series] = {}
        _declared[name] = self

    def of(self, *labels: str) -> "Series":
        """The series with these values of the labels."""
        series = self._series.get(labels)
        return series or self._series.setdefault(labels, Series(self))

    @property
    def size(self) -> int:
        """How many numbers a series has."""
        return 1

    def count(self) -> dict[Labels, Numbers]:
        """The numbers of each series that has values, by the values of its labels."""
        counted = {labels: series.fold() for labels, series in list(self._series.items())}
        return {labels: numbers for labels, numbers in counted.items() if any(numbers)}

    def reset(self) -> None:
        """Forget all values."""
        for series in self._series.values():
            series.reset()


class Counter(Metric):
    """A number that only grows."""

    type = "counter"


class Histogram(Metric):
    """A distribution of values. buckets: their upper bounds."""

    type = "histogram"

    @property
    def size(self) -> int:
        return len(self.buckets) + 2


class Gauge(Metric):
    """A number that goes up and down: a sum over the objects that it watches while they live.

    Over several processes, it is the sum of all that live.
    """

    type = "gauge"

    def __init__(self, name: str, meaning: str, *, labels: tuple[str, ...] = ()) -> None:
        super().__init__(name, meaning, labels=labels)
        self._watched = WeakKeyDictionary[Any, tuple[Labels, Callable[[Any], float]]]()

    def watch(self, owner: Owner, measure: Callable[[Owner], float], *labels: str) -> None:
        """Add `measure(owner)` to the series with these values of the labels."""
        self.of(*labels)
        with _folding:
            self._watched[owner] = labels, measure

    def count(self) -> dict[Labels, Numbers]:
        with _folding:
            watched = list(self._watched.items())
        numbers = {labels: [0.0] for labels in list(self._series)}
        for owner, (labels, measure) in watched:
            numbers[labels][0] += measure(owner)
        return numbers


class Series:
    """The values of a metric that have the same labels."""

    __slots__ = ("_metric", "_numbers", "_pending")

    def __init__(self, metric: Metric) -> None:
        self._metric = metric
        self._pending: deque[float] = deque()
        self._numbers = [0.0] * metric.size

    def add(self, value: float = 1) -> None:
        """Add a value: an increment, or an observation."""
        self._pending.append(value)
        if len(self._pending) >= AT_ONCE:
            self.fold()

    def extend(self, values: Iterable[float]) -> None:
        """Add several values."""
        self._pending.extend(values)
        if len(self._pending) >= AT_ONCE:
            self.fold()

    def fold(self) -> Numbers:
        """Add up what is pending, and return a copy of the numbers.

        An error is only logged: a metric must never make an order fail.
        """
        with _folding:
            values = [self._pending.popleft() for _ in range(len(self._pending))]
            try:
                if values:
                    self._add_up(values)
            except Exception:
                logger.exception("%s: %d values are lost", self._metric.name, len(values))
            return self._numbers.copy()

    def reset(self) -> None:
        """Forget all values."""
        self._pending.clear()
        self._numbers = [0.0] * self._metric.size

    def _add_up(self, values: list[float]) -> None:
        values.sort()
        numbers = self._numbers.copy()
        numbers[0] += fsum(values)
        if len(numbers) > 1:
            ends = [bisect_right(values, bound) for bound in self._metric.buckets]
            for bucket, (start, end) in enumerate(pairwise([0, *ends, len(values)]), 1):
                numbers[bucket] += end - start
        self._numbers = numbers


def declared() -> tuple[Metric, ...]:
    """All metrics, sorted by name."""
    return tuple(metric for _, metric in sorted(_declared.items()))


def count(*kinds: type[Metric]) -> Counts:
    """What this process has counted of all metrics of these kinds."""
    return {each.name: each.count() for each in declared() if isinstance(each, kinds)}


def _reset_after_fork() -> None:
    """Forget all values: the parent process counts them."""
    global _folding  # noqa: PLW0603 - a thread of the parent may hold it, and is not here
    _folding = Lock()
    for metric in declared():
        metric.reset()


if sys.platform != "win32":
    os.register_at_fork(after_in_child=_reset_after_fork)
