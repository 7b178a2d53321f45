"""Metrics as Prometheus reads them.

Import this module late. On import, `prometheus_client` reads from the environment whether its
values live in this process, or in files that several processes share.
"""

import os
import sys
from bisect import bisect_right
from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from math import fsum
from pathlib import Path
from typing import ClassVar, Protocol

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from monoservices.metrics.processes import VARIABLE

__all__ = ["CONTENT_TYPE_LATEST", "exposition", "write"]

disable_created_metrics()  # a second series per metric, which several processes do not have
_registry = CollectorRegistry()


class Metric(Protocol):
    """What this module reads of a declared metric."""

    type: ClassVar[str]
    name: str
    meaning: str
    labels: tuple[str, ...]
    buckets: Sequence[float]

    def __hash__(self) -> int: ...


class BulkHistogram(Histogram):
    """A histogram that takes many values for little more than the price of one.

    It uses private attributes of the library, because `Histogram.observe` takes one value at a
    time: with several processes, that is a locked write to two files for each value of each order.
    """

    def observe_all(self, values: Sequence[float]) -> None:
        self._sum.inc(fsum(values))
        ordered = sorted(values)
        up_to = [0, *(bisect_right(ordered, bound) for bound in self._upper_bounds)]
        for bucket, (before, after) in zip(self._buckets, pairwise(up_to), strict=True):
            if after > before:
                bucket.inc(after - before)


def write(metric: Metric, labels: tuple[str, ...], values: Sequence[float]) -> None:
    """Add values to a counter or a histogram, or set a gauge to the last of them."""
    if not values:
        return
    written = _written(metric)
    series = written.labels(*labels) if labels else written
    match series:
        case Counter():
            series.inc(fsum(values))
        case BulkHistogram():
            series.observe_all(values)
        case Gauge():
            series.set(values[-1])


def exposition() -> bytes:
    """The written values in Prometheus's text format, of type CONTENT_TYPE_LATEST.

    If several processes count together, counters and histograms include the processes that have
    ended. Gauges do not.
    """
    directory = os.environ.get(VARIABLE)
    if not directory:
        return generate_latest(_registry)
    for file in Path(directory).glob("gauge_live*.db"):
        pid = int(file.stem.rpartition("_")[2])
        if not _is_alive(pid):
            mark_process_dead(pid, directory)
    registry = CollectorRegistry()
    MultiProcessCollector(registry, directory)
    return generate_latest(registry)


@cache
def _written(metric: Metric) -> Counter | BulkHistogram | Gauge:
    name, meaning, labels = metric.name, metric.meaning, metric.labels
    match metric.type:
        case "counter":
            return Counter(name, meaning, labels, registry=_registry)
        case "histogram":
            return BulkHistogram(name, meaning, labels, buckets=metric.buckets, registry=_registry)
    return Gauge(name, meaning, labels, multiprocess_mode="livesum", registry=_registry)


def _is_alive(pid: int) -> bool:
    if sys.platform == "win32":  # where signal 0 is Ctrl-C
        return True
    try:
        os.kill(pid, 0)
    except PermissionError:  # the process of another user
        return True
    except ProcessLookupError:
        return False
    return True
