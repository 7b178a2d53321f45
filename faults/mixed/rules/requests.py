"""Rules of requests: what was acknowledged is there once, for everybody; what was refused is not.

For single fields, these are the conditions of atomic registers (Lamport, "On Interprocess
Communication", 1986): nobody reads a value that was never written, or that a later write had
replaced before the read began.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from math import inf
from typing import Any

from faults.mixed.history import History, Keyed, Read, Stored, Write
from faults.mixed.sweeping import Latest

FIELDS = {"order": ("reference",), "product": ("description", "is_active")}


def server_errors(history: History, _: Stored) -> Iterator[str]:
    """No answer is 5xx, other than 503."""
    for status, count in sorted(history.statuses.items()):
        if status >= 500 and status != 503:
            yield f"{count} answers {status}"


def fields_are_written(history: History, stored: Stored) -> Iterator[str]:
    """A field has a value that was written, and that no later acknowledged write has replaced.

    This finds lost updates, in reads and in the database, and values of requests that were refused.
    """
    writes: dict[tuple[str, int, str], list[Write]] = defaultdict(list)
    for write in history.writes:
        writes[write.kind, write.id, write.field].append(write)
    values: dict[tuple[str, int, str], list[tuple[Any, float, float]]] = defaultdict(list)
    for read in chain(history.reads, _end(stored)):
        for document in read.documents:
            for name in FIELDS[read.kind]:
                if name in document:
                    seen = document[name], read.begin, read.end
                    values[read.kind, document["id"], name].append(seen)
    for subject in writes.keys() & values.keys():
        for value, begin in _unwritten(writes[subject], values[subject]):
            kind, key, name = subject
            yield f"{kind} {key}: {name} is {value!r} at {begin:.3f}"


def _unwritten(
    writes: Sequence[Write], seen: Iterable[tuple[Any, float, float]]
) -> Iterator[tuple[Any, float]]:
    by_value: dict[Any, list[Write]] = defaultdict(list)
    for write in writes:
        by_value[write.value].append(write)
    replaced = Latest((write.end, write.begin) for write in writes if write.end < inf)
    for value, begin, end in seen:
        last = replaced.before(begin)
        if not any(
            write.begin < end and (last is None or write.end >= last) for write in by_value[value]
        ):
            yield value, begin


def _end(stored: Stored) -> Iterator[Read]:
    yield Read("order", inf, inf, [each.document for each in stored.orders.values()])
    yield Read("product", inf, inf, list(stored.products.values()))


def keys_count_once(history: History, stored: Stored) -> Iterator[str]:
    """A key has one effect if that was acknowledged, none if it was refused, and one answer."""
    effects = {
        "order": Counter(order.key for order in stored.orders.values()),
        **{what: Counter(keys) for what, keys in stored.requests.items()},
        "stock": Counter(movement.key for movement in stored.movements),
        "payment": Counter(row.key for row in stored.money if row.kind == "payment"),
        "refund": Counter(row.key for row in stored.money if row.kind == "refund"),
        "shipment": Counter(row.key for row in stored.shipments),
        "return": Counter(row.key for row in stored.returns),
    }
    told: dict[tuple[str, str], set[str]] = defaultdict(set)
    answers: dict[tuple[str, str], set[bytes]] = defaultdict(set)
    for each in history.keyed:
        told[each.what, each.key].add(each.told)
        if each.told == "done":
            answers[each.what, each.key].add(_lasting(each))
    for (what, key), heard in told.items():
        count = effects[what][key]
        least, most = int("done" in heard), int(heard != {"refused"})
        if not least <= count <= most or {"done", "refused"} <= heard:
            yield f"{what} {key} is there {count} times; clients were told {sorted(heard)}"
        if len(answers[what, key]) > 1:
            yield f"{what} {key} got {len(answers[what, key])} different answers"


def _lasting(request: Keyed) -> bytes:
    """The answer, without what may have happened since.

    A shipment, and an order of which something was canceled, are shown as they are by then.
    """
    if request.what not in {"shipment", "cancel"} or not request.answer:
        return request.answer
    shown = json.loads(request.answer)
    lasting = {"id"} if request.what == "cancel" else shown.keys() - {"status", "delivered_at"}
    return json.dumps({name: shown.get(name) for name in sorted(lasting)}).encode()


def acknowledged_is_readable(history: History, stored: Stored) -> Iterator[str]:
    """What a client has seen, everybody finds from then on."""
    first: dict[tuple[str, int], float] = {}
    for read in history.reads:
        for document in read.documents:
            subject = read.kind, document["id"]
            first[subject] = min(first.get(subject, inf), read.end)
    for read in history.reads:
        if read.absent is not None and first.get((read.kind, read.absent), inf) < read.begin:
            yield f"{read.kind} {read.absent} was not found at {read.begin:.3f}"
    for kind, key in first:
        if key not in (stored.orders if kind == "order" else stored.products):
            yield f"{kind} {key} is not stored"
