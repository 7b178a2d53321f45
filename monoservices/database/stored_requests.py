"""`StoredRequest`: the table of the requests that a service has answered, for retries with a key.

`monoservices.api.idempotency` writes its rows. `manage.py erase_requests` erases them.
"""

from collections.abc import Iterator
from datetime import datetime

from django.apps import apps
from django.db import models

MAX_PATH = 255
BATCH = 500
"""How many rows one transaction erases."""


class StoredRequest(models.Model):
    """A request with its answer. A service with routes that create declares its one table:

        class ProductRequest(StoredRequest):
            ...

    The unique constraint decides which of several requests with the same key is carried out.
    client_id: the caller's, without a relation, so that every service can have this table.
    path: percent-encoded, without the query string. status, answer: of the response; they are
        written in the transaction that writes the row.
    """

    client_id = models.BigIntegerField()
    method = models.CharField(max_length=10)
    path = models.CharField(max_length=MAX_PATH)
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    status = models.SmallIntegerField(default=0)
    answer = models.TextField(default="")
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        abstract = True
        ordering = ("pk",)
        constraints = (
            # Django refuses a second table with this name in the same service.
            models.UniqueConstraint(
                name="%(app_label)s_once_per_key", fields=("client_id", "method", "path", "key")
            ),
        )

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.key}"


def tables_of_requests() -> Iterator[type[StoredRequest]]:
    """The tables of all installed services."""
    return (model for model in apps.get_models() if issubclass(model, StoredRequest))


def erase_requests(table: type[StoredRequest], *, before: datetime) -> int:
    """Erase the requests that came before this time; return how many.

    Each BATCH is a transaction of its own, so that nobody waits for long.
    """
    erased = 0
    old = table._default_manager.filter(created_at__lt=before).order_by("created_at")
    while batch := list(old.values_list("pk", flat=True)[:BATCH]):
        erased += table._default_manager.filter(pk__in=batch).delete()[0]
    return erased
