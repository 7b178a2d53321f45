"""Rules of money: what was paid is there once, and an order knows how much that is."""

import json
from collections.abc import Iterator
from decimal import Decimal

from faults.mixed.history import History, Stored, StoredMoney, StoredOrder

KINDS = {"paid": "payment", "refunded": "refund"}


def paid_is_payments_minus_refunds(_: History, stored: Stored) -> Iterator[str]:
    """`paid` is that, at each of them and in the end; each has one event, with its amount."""
    rows = {row.id: row for row in stored.money}
    for key, order in stored.orders.items():
        paid = Decimal()
        for event in order.events:
            if event.type in KINDS:
                amount = event.amount or Decimal()
                paid += amount if event.type == "paid" else -amount
                row = rows.pop(event.payment or 0, None)
                found = row and (row.order, row.kind, row.amount, row.paid)
                if found != (key, KINDS[event.type], amount, paid) or paid < 0:
                    yield f"order {key}: {event.type} {amount}, {paid} then, but is kept as {row}"
        if Decimal(order.document["paid"]) != paid:
            yield f"order {key}: {order.document['paid']} paid, events say {paid}"
    yield from (f"{row.kind} {row.id} has no event" for row in rows.values())


def money_is_as_answered(history: History, stored: Stored) -> Iterator[str]:
    """A payment or refund that was acknowledged is kept with the answer's amount and order."""
    rows = {row.id: row for row in stored.money}
    for each in history.keyed:
        if each.what in KINDS.values() and each.told == "done":
            said = json.loads(each.answer)
            row = rows.get(said["id"])
            told = (each.what, each.key, each.order, Decimal(said["amount"]), Decimal(said["paid"]))
            if row is None or told != (row.kind, row.key, row.order, row.amount, row.paid):
                yield f"{each.what} {each.key} was answered {said} and is {row}"


def covered_orders_are_firm(_: History, stored: Stored) -> Iterator[str]:
    """Together with a payment that covers what is due, a held order becomes firm."""
    rows = {row.id: row for row in stored.money}
    for key, order in stored.orders.items():
        for position, event in enumerate(order.events):
            row = rows.get(event.payment or 0)
            if row and event.type == "paid" and _is_half_done(order, position, row):
                yield f"order {key}: {row.amount} covered it at version {event.version}, not firm"


def _is_half_done(order: StoredOrder, position: int, row: StoredMoney) -> bool:
    """Whether a payment said that it keeps the order, and the order went on without that."""
    event = order.events[position]
    went_on = [after.type for after in order.events[position + 1 : position + 2]]
    if row.status != event.after:
        return went_on != ["revived"]
    covered = row.status == "pending" and row.paid >= row.due
    return covered and order.holds()[position] and went_on != ["confirmed"]
