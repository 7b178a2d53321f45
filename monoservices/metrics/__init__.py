"""What runs here, in numbers, for Prometheus.

    declaring.py   what is counted, and how it waits to be written: the part that may be hot
    prometheus.py  how it is written and exposed, by the library `prometheus_client`
    processes.py   the directory in which several worker processes count together
    crossings.py   calls from a service into another, seen without its doing
    importing.py   how communication modules come to be seen
    requests.py    requests of Django's request cycle and of the express lane
    batches.py     batches, and what waits for them
    views.py       /metrics, and who may read it

A service that counts something of its own declares it in its `metrics.py`, under a name that begins
with its label. docs/reference/metrics.md lists every metric.
"""

from monoservices.metrics.declaring import Counted, Observed, Sampled, Series

__all__ = ["Counted", "Observed", "Sampled", "Series"]
