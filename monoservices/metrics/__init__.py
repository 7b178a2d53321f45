"""Metrics for Prometheus.

    declaring.py   declared metrics and their pending values: the part that hot code calls
    prometheus.py  writing and showing values with the library `prometheus_client`
    processes.py   the directory in which several worker processes count together
    crossings.py   counts calls from one service into another
    importing.py   wraps communication modules for that when they are imported
    requests.py    counts requests on both lanes
    batches.py     counts batches, and items that wait for them
    views.py       /metrics, and who may read it

A service declares its own metrics in its `metrics.py`. Their names begin with the service's label.
docs/reference/metrics.md lists every metric.
"""

from monoservices.metrics.declaring import Counted, Observed, Sampled, Series

__all__ = ["Counted", "Observed", "Sampled", "Series"]
