"""Batches, and what waits for them; `monoservices.server.batching` counts here."""

from monoservices.metrics.declaring import SECONDS, Counted, Observed, Sampled

BATCH_SIZE = Observed(
    "monoservices_batch_items",
    "Batches, by how many items each had.",
    labels=("queue",),
    buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256),
)
BATCH_SECONDS = Observed(
    "monoservices_batch_seconds",
    "Batches, by how long each took, being done again included.",
    labels=("queue",),
    buckets=SECONDS,
)
WAIT_SECONDS = Observed(
    "monoservices_queue_wait_seconds",
    "Items, by how long each waited for its batch to begin.",
    labels=("queue",),
    buckets=SECONDS,
)
LENGTH = Sampled("monoservices_queue_length", "Items that wait for a batch.", labels=("queue",))
REFUSED = Counted(
    "monoservices_queue_refused_total",
    "Items that were refused because too many waited (full), or that waited for too long (late).",
    labels=("queue", "reason"),
)
