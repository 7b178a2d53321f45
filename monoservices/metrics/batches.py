"""Metrics of batches and of the queues in front of them (`monoservices.server.batching`)."""

from monoservices.metrics.declaring import SECONDS, Counter, Gauge, Histogram

BATCH_SIZE = Histogram(
    "monoservices_batch_items",
    "Batches, by their number of items.",
    labels=("queue",),
    buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256),
)
BATCH_SECONDS = Histogram(
    "monoservices_batch_seconds",
    "Batches, by how long each took, retries included.",
    labels=("queue",),
    buckets=SECONDS,
)
WAIT_SECONDS = Histogram(
    "monoservices_queue_wait_seconds",
    "Items, by how long each waited before its batch began.",
    labels=("queue",),
    buckets=SECONDS,
)
LENGTH = Gauge("monoservices_queue_length", "Items that wait for a batch.", labels=("queue",))
REFUSED = Counter(
    "monoservices_queue_refused_total",
    "Items that were rejected because too many waited (full), or because they waited too long "
    "(late).",
    labels=("queue", "reason"),
)
