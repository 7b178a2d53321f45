"""Find the callers who hold keys, for one request or for many at once."""

from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from functools import cache, partial

import msgspec
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from apps.accounts.models import ApiKey
from monoservices.database.retrying import never_failing
from monoservices.database.rows import ColumnTypes, row_parameters, rows_from
from monoservices.database.statements import enqueue
from monoservices.services.scopes import Caller

TOUCH_INTERVAL = timedelta(minutes=1)

_ASKED: ColumnTypes = {"digest": "text", "due": "timestamp"}


def ask_for_callers(*, digests: Collection[str]) -> Callable[[], dict[str, Caller]]:
    """Enqueue the look-up of keys, and return what reads it, once.

    It reads the callers whose keys are active, by the digests of the keys' secrets. One statement,
    and a second one if some key's use was last noted over a minute ago. In a transaction, the use
    is noted after the commit: the transaction neither waits for the keys' rows nor locks them.
    """
    due = timezone.now() - TOUCH_INTERVAL
    rows = [{"digest": digest} for digest in digests]
    found = enqueue(_statement(), row_parameters(_ASKED, rows, shared={"due": due}), columns=5)

    def read() -> dict[str, Caller]:
        callers, unnoted = {}, []
        for digest, key_id, client_id, scopes, is_noted in found.fetch():
            callers[digest] = Caller(client_id, frozenset(msgspec.json.decode(scopes)))
            if not is_noted:
                unnoted.append(key_id)
        if unnoted:
            transaction.on_commit(partial(note_use, key_ids=unnoted, due=due))
        return callers

    return read


def note_use(*, key_ids: Collection[int], due: datetime) -> None:
    """Set `last_used_at` of those keys whose last noted use was before `due`.

    Errors are logged and not raised: the request matters more than the note.
    """
    stale = Q(last_used_at=None) | Q(last_used_at__lte=due)
    with never_failing(f"note the use of keys {key_ids}"):
        ApiKey.objects.filter(stale, id__in=key_ids).update(last_used_at=timezone.now())


@cache
def _statement() -> str:
    return f"""
        SELECT k.digest, k.id, k.client_id, CAST(k.scopes AS text),
            coalesce(k.last_used_at > r.due, FALSE)
        FROM {rows_from(_ASKED, shared=["due"])}
        JOIN accounts_apikey AS k ON k.digest = r.digest
        WHERE k.revoked_at IS NULL
    """  # noqa: S608 - constants only
