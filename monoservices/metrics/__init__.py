"""Metrics for Prometheus.

A service declares its own metrics in its `metrics.py`. Their names begin with the service's label.
docs/reference/metrics.md lists every metric.
"""

from monoservices.metrics.declaring import Counter, Gauge, Histogram, Series

__all__ = ["Counter", "Gauge", "Histogram", "Series"]
