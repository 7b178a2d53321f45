"""Rules of holds: who loses one has lost it because it was over, and nobody loses half of one."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta

from faults.mixed.history import Event, History, Stored, StoredOrder

SHORTEST_HOLD = timedelta(seconds=60)
"""Nobody asks for less."""
SWEEP = timedelta(seconds=10)
"""How long the housekeeper may leave an expired hold, at the end."""


def holds_end_once(history: History, stored: Stored) -> Iterator[str]:
    """A hold ends once; an order that is firm stays firm, in what is stored and what is seen."""
    for key, order in stored.orders.items():
        kinds = [event.type for event in order.events]
        if kinds.count("confirmed") + kinds.count("revived") > 1:
            yield f"order {key} became firm more than once: {kinds}"
        for kind, held in zip(kinds, order.holds(), strict=True):
            if held and kind in {"shipped", "delivered"}:
                yield f"order {key} was {kind} while it was held"
        because = order.document["canceled_because"]
        if (because is None) == (order.document["status"] == "canceled"):
            yield f"order {key} is {order.document['status']}, canceled because {because}"
        if because == "expired" and order.held_until is None:
            yield f"order {key} has expired and was firm"
    yield from _seen_otherwise(history, stored)


def _seen_otherwise(history: History, stored: Stored) -> Iterator[str]:
    for read in history.reads:
        if read.kind == "order" and read.version is not None:
            for document in read.documents:
                held = document["held_until"] is not None
                seen = stored.orders.get(document["id"])
                if seen and seen.holds()[read.version - 1 : read.version] == [not held]:
                    yield f"order {document['id']}: version {read.version} seen held: {held}"


def holds_last_until_then(history: History, stored: Stored) -> Iterator[str]:
    """A hold is taken back after `held_until`, and not before."""
    for key, order in stored.orders.items():
        for event in _takings(order):
            if order.held_until and event.at < order.held_until:
                yield f"order {key} was taken back at {event.at}, held until {order.held_until}"
            elif key not in history.expired and event.at < order.events[0].at + SHORTEST_HOLD:
                yield f"order {key} was taken back at {event.at}, placed at {order.events[0].at}"


def _takings(order: StoredOrder) -> list[Event]:
    """The events that canceled the order because its hold had expired."""
    cancels = [event for event in order.events if event.after == "canceled" != event.before]
    revived = sum(event.type == "revived" for event in order.events)
    return cancels if order.document["canceled_because"] == "expired" else cancels[:revived]


def expired_holds_are_taken_back(_: History, stored: Stored) -> Iterator[str]:
    """No hold is over at the end and neither taken back nor confirmed."""
    for key, order in stored.orders.items():
        if order.document["status"] == "pending" and order.held_until and stored.moment:
            late = stored.moment - order.held_until
            if late > SWEEP:
                yield f"order {key} is held {late} after its hold was over"


def replaced_orders_end(history: History, stored: Stored) -> Iterator[str]:
    """What an acknowledged order replaces is canceled, for one order unless it had expired."""
    by: dict[int, set[str]] = defaultdict(set)
    for each in history.keyed:
        if each.what == "order" and each.order is not None and each.told == "done":
            by[each.order].add(each.key)
    for key, keys in by.items():
        order = stored.orders[key]
        if not any(event.after == "canceled" for event in order.events):
            yield f"order {key} was replaced and is {order.document['status']}"
        if len(keys) > 1 and not _takings(order):
            yield f"order {key} was replaced {len(keys)} times"
