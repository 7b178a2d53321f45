"""Rules of orders: their totals, versions, statuses and changes."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from decimal import Decimal
from itertools import chain, pairwise
from math import inf
from typing import Any, NamedTuple

from faults.mixed.history import Document, History, Read, Stored, Write
from faults.mixed.sweeping import Latest

MOVES = {
    "": {"pending"},
    "pending": {"pending", "shipped", "canceled"},
    "shipped": {"delivered"},
}
"""What a status may become. A change of a pending order keeps its status."""


class Sight(NamedTuple):
    """One order of a read."""

    read: Read
    document: Document

    def ages(self) -> Iterator[tuple[str, Any]]:
        """What tells how old the document is, by name."""
        if self.read.version is not None:
            yield "version", self.read.version
        if "updated_at" in self.document:
            yield "updated_at", self.document["updated_at"]


def _sights(history: History) -> Iterator[Sight]:
    for read in history.reads:
        if read.kind == "order":
            for document in read.documents:
                yield Sight(read, document)


def torn_orders(history: History, stored: Stored) -> Iterator[str]:
    """The total of an order is the sum of its lines, wherever it is shown."""
    shown = (sight.document for sight in _sights(history))
    for order in chain(shown, (each.document for each in stored.orders.values())):
        lines = sum((Decimal(x["unit_price"]) * x["quantity"] for x in order["lines"]), Decimal())
        if Decimal(order["total"]) != lines:
            yield f"order {order['id']}: total {order['total']}, lines {lines}"


def versions_have_one_content(history: History, stored: Stored) -> Iterator[str]:
    """Two changes never make the same version, nor happen at the same moment."""
    contents: dict[tuple[int, str, Any], Any] = {}
    seen = [
        (sight.document["id"], name, value, sight.document)
        for sight in _sights(history)
        for name, value in sight.ages()
    ]
    seen += [(key, "version", each.version, each.document) for key, each in stored.orders.items()]
    for key, name, value, document in seen:
        content = _content(document)
        if contents.setdefault((key, name, value), content) != content:
            yield f"order {key} has two contents with {name} {value}"


def _content(order: Document) -> Any:
    lines = [(x["product_id"], Decimal(x["unit_price"]), x["quantity"]) for x in order["lines"]]
    return order["status"], order["reference"], Decimal(order["total"]), sorted(lines)


def orders_go_on(history: History, stored: Stored) -> Iterator[str]:
    """Nobody sees an order older than somebody has seen it before; nor does the database."""
    sights: dict[tuple[int, str], list[tuple[float, float, Any]]] = defaultdict(list)
    for sight in _sights(history):
        for name, value in sight.ages():
            sights[sight.document["id"], name].append((sight.read.begin, sight.read.end, value))
    for key, order in stored.orders.items():
        sights[key, "version"].append((inf, inf, order.version))
    for (key, name), seen in sights.items():
        newest = Latest((end, value) for _, end, value in seen)
        for begin, _, value in seen:
            before = newest.before(begin)
            if before is not None and value < before:
                yield f"order {key}: {name} {value} after {before}, at {begin:.3f}"


def changes_make_the_next_version(history: History, _: Stored) -> Iterator[str]:
    """A change at a version makes the next one."""
    for read in history.reads:
        if read.changed is not None and read.version != read.changed + 1:
            yield f"a change at version {read.changed} made {read.version}"


def changes_are_asked_for(history: History, stored: Stored) -> Iterator[str]:
    """An order has as many changes as were acknowledged, and no more than were not refused."""
    done = Counter(x.id for x in history.writes if _is_change(x) and x.end < inf)
    most = Counter(x.id for x in history.writes if x.kind == "order" and x.begin > -inf)
    for key, order in stored.orders.items():
        if not done[key] <= order.version - 1 <= most[key]:
            yield f"order {key}: {order.version - 1} changes, {done[key]} to {most[key]} asked for"


def _is_change(write: Write) -> bool:
    return write.kind == "order" and write.field != "status" and write.begin > -inf


def statuses_follow_the_moves(history: History, stored: Stored) -> Iterator[str]:
    """Statuses go along the moves only, in the events and in what is seen of each version."""
    for key, order in stored.orders.items():
        chain_of = [("", ""), *order.events, (order.document["status"], "")]
        for (_, now), (before, after) in pairwise(chain_of):
            if now != before or (after and after not in MOVES.get(before, set())):
                yield f"order {key}: {now or 'nothing'}, then {before or 'nothing'} → {after}"
        if len(order.events) != order.version:
            yield f"order {key}: {len(order.events)} events at version {order.version}"
    for sight in _sights(history):
        at, key = sight.read.version, sight.document["id"]
        if at is not None and key in stored.orders and at <= len(stored.orders[key].events):
            _, status = stored.orders[key].events[at - 1]
            if status != sight.document["status"]:
                yield f"order {key}: version {at} was {status}, seen {sight.document['status']}"
