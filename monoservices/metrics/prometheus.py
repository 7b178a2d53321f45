"""Metrics as Prometheus reads them.

Imported when the first value is written: `prometheus_client` decides on its import, by the
environment, whether its values live in this process or in files that several share.
"""

import os
import sys
from bisect import bisect_right
from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from math import fsum

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

from monoservices.metrics.declaring import Counted, Metric, Observed, flush
from monoservices.metrics.processes import directory

__all__ = ["CONTENT_TYPE_LATEST", "exposition", "write"]

disable_created_metrics()  # a second series for each, which several processes do not have
_registry = CollectorRegistry()


class ManyObserved(Histogram):
    """A histogram that takes many values at the price of a few.

    It knows how the library keeps buckets: by their own counts, which are summed on reading.
    """

    def observe_all(self, values: Sequence[float]) -> None:
        self._sum.inc(fsum(values))
        ordered = sorted(values)
        up_to = [0, *(bisect_right(ordered, bound) for bound in self._upper_bounds)]
        for bucket, (before, after) in zip(self._buckets, pairwise(up_to), strict=True):
            if after > before:
                bucket.inc(after - before)


def write(metric: Metric, labels: tuple[str, ...], values: Sequence[float]) -> None:
    """Add the values to the metric; of a gauge, the last one is its value from now on."""
    if not values:
        return
    written = _written(metric)
    series = written.labels(*labels) if labels else written
    match series:
        case Counter():
            series.inc(fsum(values))
        case ManyObserved():
            series.observe_all(values)
        case Gauge():
            series.set(values[-1])


def exposition() -> bytes:
    """All metrics in Prometheus's text format, of type CONTENT_TYPE_LATEST.

    Where several processes count together, those that have ended are in the sums of what only
    grows, and not in what is there now.
    """
    flush()
    shared = directory()
    if shared is None:
        return generate_latest(_registry)
    for file in shared.glob("gauge_live*.db"):
        pid = int(file.stem.rpartition("_")[2])
        if not _is_alive(pid):
            mark_process_dead(pid, str(shared))
    registry = CollectorRegistry()
    MultiProcessCollector(registry, str(shared))
    return generate_latest(registry)


@cache
def _written(metric: Metric) -> Counter | ManyObserved | Gauge:
    match metric:
        case Counted():
            return Counter(metric.name, metric.meaning, metric.labels, registry=_registry)
        case Observed():
            return ManyObserved(
                metric.name,
                metric.meaning,
                metric.labels,
                buckets=metric.buckets,
                registry=_registry,
            )
        case _:
            return Gauge(
                metric.name,
                metric.meaning,
                metric.labels,
                multiprocess_mode="livesum",
                registry=_registry,
            )


def _is_alive(pid: int) -> bool:
    if sys.platform == "win32":  # where this signal is Ctrl-C
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
