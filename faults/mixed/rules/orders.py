"""Rules of orders: their totals, versions, statuses and changes."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from decimal import Decimal
from itertools import chain
from math import inf
from typing import Any, NamedTuple

from faults.mixed.history import Document, History, Read, Stored
from faults.mixed.sweeping import Latest

MOVES = {
    "placed": {("", "pending")},
    "changed": {("pending", "pending"), ("pending", "shipped"), ("pending", "delivered")},
    "confirmed": {("pending", "pending")},
    "shipped": {("pending", "pending"), ("pending", "shipped")},
    "delivered": {("pending", "pending"), ("shipped", "shipped"), ("shipped", "delivered")},
    "canceled": {("pending", after) for after in ("pending", "canceled", "shipped", "delivered")},
    "revived": {("canceled", "pending")},
    "returned": {(status, status) for status in ("pending", "shipped", "delivered")},
}
"""The statuses before and after each type of event. Money comes and goes in any status."""
MONEY = ("paid", "refunded")
OF_GOODS = {"shipment": "shipped", "cancel": "canceled", "return": "returned"}
"""The one event that a request with a key makes."""
CAUSES = {
    "payment": ("confirmed", "revived"),
    "order": ("canceled",),
    **{what: (kind,) for what, kind in OF_GOODS.items()},
}
"""The events that a request with a key may make, beside those of its own rules."""


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
    """The total of an order is the sum of its lines and charges, wherever it is shown.

    What is due is the total less what is credited, or nothing once the order is canceled.
    """
    shown = (sight.document for sight in _sights(history))
    for order in chain(shown, (each.document for each in stored.orders.values())):
        total, costs = Decimal(order["total"]), _costs(order)
        # A canceled order shows no line that is kept, and the total that it had before.
        if total > costs if order["status"] == "canceled" else total != costs:
            yield f"order {order['id']}: total {total}, lines and charges {costs}"
        if "due" in order:
            due = total - Decimal(order["credited"])
            due = Decimal() if order["status"] == "canceled" else due
            needs_refund = Decimal(order["paid"]) > due
            if (Decimal(order["due"]), order["needs_refund"]) != (due, needs_refund):
                yield f"order {order['id']}: {order['due']} due of {total}, {order['paid']} paid"


def _costs(order: Document) -> Decimal:
    lines = (Decimal(x["unit_price"]) * _kept(order, x) for x in order["lines"])
    return sum(chain(lines, (Decimal(x["amount"]) for x in order["charges"])), Decimal())


def _kept(order: Document, line: Document) -> int:
    """The units of a line that count for the total; at most, if the order is canceled."""
    canceled = 0 if order["status"] == "canceled" else line["canceled_quantity"]
    return int(line["quantity"] - canceled)


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
    # A canceled order shows all units as canceled.
    all_canceled = order["status"] == "canceled"
    lines = [
        (
            *(x["product_id"], Decimal(x["unit_price"]), x["quantity"], x["shipped_quantity"]),
            *(x["quantity" if all_canceled else "canceled_quantity"], x["returned_quantity"]),
        )
        for x in order["lines"]
    ]
    # `held_until` itself is moved behind Tradepost's back.
    state = order["status"], order["held_until"] is not None, order["canceled_because"]
    amounts = Decimal(order["total"]), Decimal(order["paid"]), Decimal(order["credited"])
    return *state, *amounts, order["reference"], sorted(lines)


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
    """An order has as many changes as were acknowledged, and no more than were not refused.

    So it is with each type of event: none happens that nobody has asked for.
    """
    least, most = _asked(history)
    for key, order in stored.orders.items():
        happened = Counter(event.type for event in order.events)
        # Canceled because the hold had expired: nobody has to ask for that.
        expired = happened["revived"] + (order.document["canceled_because"] == "expired")
        for kind in MOVES.keys() - {"placed"}:
            may = most[key, kind] + (expired if kind == "canceled" else 0)
            if not least[key, kind] <= happened[kind] <= may:
                bounds = f"{least[key, kind]} to {may} asked for"
                yield f"order {key}: {kind} {happened[kind]} times, {bounds}"


def _asked(history: History) -> tuple[Counter[tuple[int, str]], Counter[tuple[int, str]]]:
    """How often each type of event must have happened to an order, and may have."""
    least: Counter[tuple[int, str]] = Counter()
    most: Counter[tuple[int, str]] = Counter()
    for write in history.writes:
        if write.kind == "order" and write.begin > -inf:
            kind = write.value if write.field == "status" else "changed"
            most[write.id, kind] += 1
            if kind == "changed":
                least[write.id, kind] += write.end < inf
            elif kind == "confirmed":  # it may be confirmed by a payment, or revived
                most[write.id, "revived"] += 1
            elif write.end < inf:  # what is done already stays as it is
                least[write.id, kind] = 1
    done: Counter[tuple[int, str]] = Counter()
    sent = {(x.what, x.key, x.order) for x in history.keyed if x.told != "refused"}
    told = {(x.what, x.key) for x in history.keyed if x.told == "done"}
    for what, key, order in sent:
        if order is not None:
            for kind in CAUSES.get(what, ()):
                most[order, kind] += 1
            if what in OF_GOODS:
                done[order, OF_GOODS[what]] += (what, key) in told
    return least | done, most


def statuses_follow_the_moves(history: History, stored: Stored) -> Iterator[str]:
    """Statuses go along the moves only, in the events and in what is seen of each version."""
    for key, order in stored.orders.items():
        statuses = ["", *(event.after for event in order.events)]
        for status, event in zip(statuses, order.events, strict=False):
            move = event.before, event.after
            legal = event.before == event.after if event.type in MONEY else None
            if status != event.before or not (legal or move in MOVES.get(event.type, ())):
                yield f"order {key}: {status or 'nothing'}, then {event.type} {move}"
        if order.document["status"] != statuses[-1]:
            yield f"order {key} is {order.document['status']} after {statuses[-1]}"
        if [event.version for event in order.events] != [*range(1, order.version + 1)]:
            yield f"order {key}: {len(order.events)} events at version {order.version}"
    for sight in _sights(history):
        at, key = sight.read.version, sight.document["id"]
        if at is not None and key in stored.orders and at <= len(stored.orders[key].events):
            status = stored.orders[key].events[at - 1].after
            if status != sight.document["status"]:
                yield f"order {key}: version {at} was {status}, seen {sight.document['status']}"
