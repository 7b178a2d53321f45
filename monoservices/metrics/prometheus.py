"""Metrics as Prometheus reads them."""

from collections.abc import Iterator
from itertools import accumulate
from math import inf

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from monoservices.metrics import publishing
from monoservices.metrics.declaring import Counts, Labels, Metric, Numbers, declared
from monoservices.metrics.sharing import add

__all__ = ["CONTENT_TYPE_LATEST", "exposition"]

Family = CounterMetricFamily | GaugeMetricFamily | HistogramMetricFamily


def exposition() -> bytes:
    """What was counted in Prometheus's text format, of type CONTENT_TYPE_LATEST.

    If several processes count together, counters and histograms include the processes that have
    ended. Gauges do not.
    """
    counts: Counts = {}
    for snapshot in publishing.snapshots():
        add(counts, snapshot.totals)
        add(counts, snapshot.gauges)
    return generate_latest(Families(counts))


class Families(Collector):
    """Numbers of the declared metrics, as the library wants them."""

    def __init__(self, counts: Counts) -> None:
        self._counts = counts

    def collect(self) -> Iterator[Family]:
        for metric in declared():
            series = {
                labels: numbers
                for labels, numbers in self._counts.get(metric.name, {}).items()
                # Other processes may run other versions.
                if len(labels) == len(metric.labels) and len(numbers) == metric.size
            }
            if series:
                yield _family(metric, series)


def _family(metric: Metric, series: dict[Labels, Numbers]) -> Family:
    name, meaning, labels = metric.name, metric.meaning, metric.labels
    if metric.type == "histogram":
        histogram = HistogramMetricFamily(name, meaning, labels=labels)
        bounds = [floatToGoString(bound) for bound in (*metric.buckets, inf)]
        for values, (total, *counts) in series.items():
            buckets = list(zip(bounds, accumulate(counts), strict=True))
            histogram.add_metric(values, buckets, total)
        return histogram
    kind = CounterMetricFamily if metric.type == "counter" else GaugeMetricFamily
    family = kind(name, meaning, labels=labels)
    for values, (number,) in series.items():
        family.add_metric(values, number)
    return family
