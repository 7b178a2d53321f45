"""The checker's rules of goods: a right history with parcels, and one for each kind of wrong."""

import json
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from math import inf
from typing import Any

import pytest

from faults.mixed.checker import RULES, check
from faults.mixed.history import (
    Event,
    History,
    Keyed,
    Movement,
    Stored,
    StoredOrder,
    StoredReturn,
    StoredShipment,
    Write,
)
from faults.mixed.rules import goods
from faults.tests.test_mixed_checker import START, line, order, product, read, stored_order
from faults.tests.test_mixed_checker import right as right_without_parcels

PARCELS, BOXES, LINE = 12, 5, 120


def parcels(shipped: int, canceled: int, returned: int = 0, **more: Any) -> dict[str, Any]:
    """An order of four boxes at 2.00."""
    parts = {"shipped_quantity": shipped, "canceled_quantity": canceled}
    lines = [line(LINE, BOXES, "2.00", 4, returned_quantity=returned, **parts)]
    total, credited = f"{2 * (4 - canceled)}.00", f"{2 * returned}.00"
    fields = {"id": PARCELS, "lines": lines, "total": total, "credited": credited}
    return order() | fields | {"reference": "parcels"} | more


def shipment_answer(key: int, quantity: int, status: str = "shipped") -> bytes:
    lines = [{"line_id": LINE, "quantity": quantity}]
    said = {"id": key, "order_id": PARCELS, "status": status, "lines": lines}
    return json.dumps(said | {"delivered_at": None if status == "shipped" else "T5"}).encode()


def return_answer(credit: str) -> bytes:
    lines = [{"line_id": LINE, "quantity": 1}]
    return json.dumps({"id": 1, "order_id": PARCELS, "lines": lines, "credit": credit}).encode()


def moved(
    delta: int, after: int, reason: str, revision: int, committed: tuple[int, int]
) -> Movement:
    return Movement(BOXES, delta, after, reason, f"order:{PARCELS}", revision, "", *committed)


def parcel_events() -> list[Event]:
    steps = (
        ("placed", "", "pending"),
        ("shipped", "pending", "pending"),
        ("canceled", "pending", "pending"),
        ("shipped", "pending", "shipped"),
        ("delivered", "shipped", "shipped"),
        ("delivered", "shipped", "delivered"),
        ("returned", "delivered", "delivered"),
    )
    return [Event(*step, version, START) for version, step in enumerate(steps, 1)]


def right() -> tuple[History, Stored]:
    """One box is shipped, one canceled, two shipped; both parcels arrive, and one box comes back.

    The first shipment is sent again after it has arrived.
    """
    history, stored = right_without_parcels()
    history.reads += [
        read("order", 2, parcels(1, 0, partly_shipped=True), version=2),
        read("order", 9, parcels(3, 1, 1, status="delivered"), version=7),
    ]
    history.writes += [Write("order", PARCELS, "status", "delivered", 5, 6)] * 2
    history.delivered = {2, 3}
    history.keyed += [
        Keyed("shipment", "first", 1, 2, "done", shipment_answer(2, 1), order=PARCELS),
        Keyed("shipment", "first", 9, 9, "done", shipment_answer(2, 1, "delivered"), order=PARCELS),
        Keyed("shipment", "second", 3, 4, "done", shipment_answer(3, 2), order=PARCELS),
        Keyed("cancel", "some", 2, 3, "done", b"{}", order=PARCELS),
        Keyed("return", "back", 7, 8, "done", return_answer("2.00"), order=PARCELS),
    ]
    document = parcels(3, 1, 1, status="delivered")
    movements = [
        Movement(BOXES, 10, 10, "received"),
        moved(-4, 6, "sold", 1, (4, 4)),
        moved(0, 6, "shipped", 2, (-1, 3)),
        moved(1, 7, "released", 3, (-1, 2)),
        moved(0, 7, "shipped", 4, (-2, 0)),
        moved(1, 8, "returned", 7, (0, 0)),
    ]
    two = Decimal("2.00")
    return history, replace(
        stored,
        orders={**stored.orders, PARCELS: StoredOrder("parcels", 7, document, parcel_events())},
        products={**stored.products, BOXES: product(BOXES, 8)},
        movements=[*stored.movements, *movements],
        requests={**stored.requests, "cancel": ["some"]},
        shipments=[
            *stored.shipments,
            StoredShipment(2, PARCELS, 2, "first", {LINE: 1}, has_arrived=True),
            StoredShipment(3, PARCELS, 4, "second", {LINE: 2}, has_arrived=True),
        ],
        returns=[StoredReturn(1, PARCELS, 7, "back", two, two, {LINE: 1}, {LINE: 1})],
    )


def test_a_right_history_with_parcels_has_no_anomaly() -> None:
    assert check(*right()) == {}


Wrong = Callable[[History, Stored], Stored | None]
WRONG: dict[str, tuple[str, Wrong]] = {}


def wrong(rule: str) -> Callable[[Wrong], Wrong]:
    """The function makes the right history wrong, so that this rule and no other sees it."""

    def register(change: Wrong) -> Wrong:
        WRONG[change.__name__] = rule, change
        return change

    return register


def unseen(history: History) -> None:
    """Nobody has seen the order."""
    history.reads = [each for each in history.reads if each.documents[0]["id"] != PARCELS]


def answered(history: History, key: str, **changes: Any) -> None:
    """Change what was told of a key."""
    history.keyed = [
        replace(each, **changes) if each.key == key else each for each in history.keyed
    ]


@wrong("units_add_up")
def a_line_forgets_what_came_back(history: History, stored: Stored) -> Stored:
    unseen(history)
    document = parcels(3, 1, 0, status="delivered", credited="2.00")
    return stored_order(stored, PARCELS, document=document)


@wrong("units_add_up")
def more_comes_back_than_was_shipped(history: History, stored: Stored) -> Stored:
    """Two returns say so, and so does the line; the order and its stock follow."""
    unseen(history)
    back = stored.returns[0]
    units = {LINE: 4}
    answer = json.loads(return_answer("2.00"))
    answer["lines"][0]["quantity"] = 4
    answered(history, "back", answer=json.dumps(answer).encode())
    document = parcels(3, 1, 4, status="delivered", credited="2.00")
    changed = stored_order(stored, PARCELS, document=document)
    rows = [*stored.movements[:-1], moved(4, 11, "returned", 7, (0, 0))]
    products = {**stored.products, BOXES: product(BOXES, 11)}
    returns = [replace(back, units=units, restocked=units)]
    return replace(changed, movements=rows, products=products, returns=returns)


@wrong("orders_follow_their_goods")
def a_delivered_order_has_a_parcel_under_way(history: History, stored: Stored) -> Stored:
    history.delivered = {2}
    first, second, third = stored.shipments
    return replace(stored, shipments=[first, second, replace(third, has_arrived=False)])


@wrong("orders_follow_their_goods")
def a_credit_is_forgotten(history: History, stored: Stored) -> Stored:
    unseen(history)
    document = parcels(3, 1, 1, status="delivered", credited="0.00")
    return stored_order(stored, PARCELS, document=document)


@wrong("orders_follow_their_goods")
def an_order_stays_partly_shipped(_: History, stored: Stored) -> Stored:
    document = parcels(3, 1, 1, status="delivered", partly_shipped=True)
    return stored_order(stored, PARCELS, document=document)


@wrong("shipments_are_as_answered")
def a_shipment_has_other_units(history: History, _: Stored) -> None:
    answered(history, "second", answer=shipment_answer(3, 1))


@wrong("shipments_are_as_answered")
def an_acknowledged_delivery_is_lost(history: History, _: Stored) -> None:
    history.delivered.add(1)


@wrong("returns_are_as_answered")
def a_return_credits_something_else(history: History, _: Stored) -> None:
    answered(history, "back", answer=return_answer("1.00"))


@wrong("goods_have_their_events")
def a_shipment_is_of_another_version(history: History, stored: Stored) -> Stored:
    unseen(history)
    first, second, third = stored.shipments
    return replace(stored, shipments=[first, replace(second, version=3), third])


@wrong("goods_are_seen_as_they_were")
def a_shipment_is_seen_too_late(history: History, _: Stored) -> None:
    history.reads.append(read("order", 4, parcels(1, 1, status="shipped"), version=4))


@wrong("keys_count_once")
def a_key_ships_twice(history: History, stored: Stored) -> Stored:
    answered(history, "second", told="unknown", answer=b"", end=inf)
    first, second, third = stored.shipments
    return replace(stored, shipments=[first, second, replace(third, key="first")])


@wrong("keys_count_once")
def a_retry_of_a_return_is_refused(history: History, _: Stored) -> None:
    history.keyed.append(Keyed("return", "back", 8, inf, "refused", order=PARCELS))


@wrong("keys_count_once")
def a_retry_gets_another_shipment(history: History, _: Stored) -> None:
    history.keyed.append(
        Keyed(
            *("shipment", "first", 9, 9, "done", shipment_answer(2, 1)[:-1] + b',"x":1}'),
            order=PARCELS,
        )
    )


@wrong("changes_are_asked_for")
def an_acknowledged_partial_cancel_is_not_stored(history: History, stored: Stored) -> Stored:
    history.keyed.append(Keyed("cancel", "lost", 2, 3, "done", b"{}", order=PARCELS))
    return replace(stored, requests={**stored.requests, "cancel": ["some", "lost"]})


@wrong("changes_are_asked_for")
def nobody_asked_for_a_return(history: History, _: Stored) -> None:
    answered(history, "back", order=None, told="unknown", answer=b"")


@wrong("orders_take_their_stock")
def what_came_back_is_not_on_sale_again(_: History, stored: Stored) -> Stored:
    back = replace(stored.movements[-1], reference="", reason="received")
    return replace(stored, movements=[*stored.movements[:-1], back])


@pytest.mark.parametrize("name", WRONG)
def test_each_kind_of_wrong_is_seen(name: str) -> None:
    rule, change = WRONG[name]
    history, stored = right()
    changed = change(history, stored)
    assert list(check(history, stored if changed is None else changed)) == [rule]


def test_every_rule_of_goods_is_seen_to_find_something() -> None:
    of_goods = {rule.__name__ for rule in RULES if rule.__module__ == goods.__name__}
    assert of_goods <= {rule for rule, _ in WRONG.values()}
