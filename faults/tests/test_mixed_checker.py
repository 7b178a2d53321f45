"""The checker of histories: a right history, and one for each kind of wrong that a rule finds."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from math import inf
from typing import Any

import pytest

from faults.mixed.checker import RULES, check
from faults.mixed.history import (
    Document,
    Event,
    History,
    Keyed,
    Kind,
    Movement,
    Read,
    Stored,
    StoredMoney,
    StoredOrder,
    StoredShipment,
    Write,
)
from faults.mixed.rules import goods

GOODS, LEFT, RIGHT, SCARCE = 1, 2, 3, 4
ORDER = 7
REVIVED, REPLACED, LAPSED, HELD = 8, 9, 10, 11
"""Orders that were held."""
START = datetime(2026, 1, 1, tzinfo=UTC)


def line(key: int, product_id: int, price: str, quantity: int, **parts: int) -> dict[str, Any]:
    fields = {"id": key, "product_id": product_id, "unit_price": price, "quantity": quantity}
    return fields | {"shipped_quantity": 0, "canceled_quantity": 0, "returned_quantity": 0} | parts


def order(quantity: int = 2, status: str = "pending", **more: Any) -> dict[str, Any]:
    shipped = 0 if status in {"pending", "canceled"} else quantity
    lines = [line(10 * ORDER, GOODS, "9.99", quantity, shipped_quantity=shipped)]
    total = f"{9.99 * quantity:.2f}"
    fields = {"id": ORDER, "status": status, "reference": "first", "total": total, "lines": lines}
    of_hold = {"held_until": None, "canceled_because": None}
    of_goods = {"credited": "0.00", "partly_shipped": False}
    return fields | {"charges": [], "paid": "0.00"} | of_hold | of_goods | more


def held(key: int, status: str = "pending", **more: Any) -> dict[str, Any]:
    """An order of one scarce unit, with shipping, that is held."""
    lines = [line(10 * key, SCARCE, "9.00", 1)]
    fields = {"id": key, "lines": lines, "charges": [{"amount": "1.00"}], "total": "10.00"}
    return order(status=status) | fields | {"held_until": "soon"} | more


def happened(*types: str, **money: tuple[int, str]) -> list[Event]:
    """Events along the moves, two minutes apart. money: id and amount by `v` and version."""
    events, status = [], ""
    into = {"placed": "pending", "revived": "pending", "changed": "pending"}
    for version, kind in enumerate(types, start=1):
        stays = kind in {"paid", "refunded", "confirmed"}
        after = status if stays else into.get(kind, kind)
        key, amount = money.get(f"v{version}", (None, None))
        at = START + timedelta(minutes=2 * version)
        received = None if amount is None else Decimal(amount)
        events.append(Event(kind, status, after, version, at, key, received))
        status = after
    return events


def kept(
    key: int, kind: str, amount: str, paid: str, *, order: int = REVIVED, status: str = "pending"
) -> StoredMoney:
    sums = Decimal(amount), Decimal(paid), Decimal("10.00")
    return StoredMoney(key, order, kind, f"money {key}", *sums, status)


def told_of(row: StoredMoney) -> Keyed:
    """The request of it, which is done."""
    answer = {"id": row.id, "amount": str(row.amount), "paid": str(row.paid)}
    body = json.dumps(answer).encode()
    return Keyed(row.kind, row.key, 0, 1, "done", body, order=row.order)


def product(key: int, stock: int, **more: Any) -> dict[str, Any]:
    fields = {"id": key, "description": "old", "is_active": True, "stock_quantity": stock}
    return fields | {"committed_quantity": 0} | more


def read(kind: Kind, begin: float, *documents: Document, **more: Any) -> Read:
    return Read(kind, begin, begin + 1, documents, **more)


FIRST = order(updated_at="T1")
CHANGED = order(3, reference="second", updated_at="T2")
SHIPPED = order(3, "shipped", reference="second", updated_at="T3")


def moved(
    delta: int, after: int, reason: str, revision: int, *, committed: tuple[int, int]
) -> Movement:
    """A movement of the order. committed: delta, and what is left."""
    return Movement(GOODS, delta, after, reason, f"order:{ORDER}", revision, "", *committed)


def of_hold(key: int, delta: int, committed: int, revision: int) -> Movement:
    """A movement of a held order, after which so many of ten scarce units are committed."""
    reason = "sold" if delta < 0 else "released"
    reference = f"order:{key}"
    return Movement(
        SCARCE, delta, 10 - committed, reason, reference, revision, "", -delta, committed
    )


MONEY = [
    kept(1, "payment", "4.00", "4.00"),
    kept(2, "payment", "6.00", "10.00"),
    kept(3, "refund", "1.00", "9.00"),
]
"""Of the order whose hold has expired, and that was revived by the second payment."""


def right() -> tuple[History, Stored]:
    """One order is placed, changed and shipped; a product is described; stock moves and counts.

    Of four orders that are held, one expires and is paid, one is replaced by it, one expires, and
    one is still held.
    """
    history = History(
        reads=[
            read("order", 0, FIRST, version=1),
            read("order", 2, CHANGED, version=2, changed=1),
            read("order", 4, SHIPPED, version=3),
            read("order", 5.5, SHIPPED),
            read("order", 1, held(REVIVED), version=1),
            read("order", 9, held(REVIVED, held_until=None, paid="9.00"), version=6),
            read("order", 1, held(HELD, due="10.00", needs_refund=False), version=1),
            read("product", 6, product(GOODS, 7, description="new")),
            read("product", 7, product(LEFT, 4), product(RIGHT, 6)),
        ],
        writes=[
            Write("order", ORDER, "reference", "first"),
            Write("order", ORDER, "reference", "second", 2, 3),
            Write("order", ORDER, "status", "shipped", 4, 5),
            Write("product", GOODS, "description", "old"),
            Write("product", GOODS, "description", "new", 0, 1),
        ],
        keyed=[
            Keyed("order", "cart", 0, 1, "done", b"{}"),
            Keyed("order", "cart", 8, 9, "done", b"{}"),
            Keyed("order", "sold out", 0, inf, "refused"),
            Keyed("order", "lost", 0, inf, "unknown"),
            Keyed("stock", "count", 5, 6, "done", b"[]", counted=7),
            Keyed("order", "held", 0, 1, "done", b"{}", order=REPLACED),
            *map(told_of, MONEY),
        ],
        expired={REVIVED, LAPSED},
        transfers=frozenset({LEFT, RIGHT}),
        transfers_sum=10,
    )
    history.statuses.update({200: 5, 201: 2, 409: 1, 503: 1, 0: 1})
    end = {name: value for name, value in SHIPPED.items() if name != "updated_at"}
    stored = Stored(
        orders={
            ORDER: StoredOrder("cart", 3, end, happened("placed", "changed", "shipped")),
            **held_orders(),
        },
        products={
            SCARCE: product(SCARCE, 8, committed_quantity=2),
            GOODS: product(GOODS, 7, description="new"),
            LEFT: product(LEFT, 4),
            RIGHT: product(RIGHT, 6),
        },
        movements=[
            Movement(GOODS, 12, 12, "received"),
            Movement(LEFT, 4, 4, "received"),
            Movement(RIGHT, 6, 6, "received"),
            moved(-2, 10, "sold", 1, committed=(2, 2)),
            moved(-1, 9, "sold", 2, committed=(1, 3)),
            moved(0, 9, "shipped", 3, committed=(-3, 0)),
            Movement(GOODS, -2, 7, "counted", key="count"),
            Movement(SCARCE, 10, 10, "received"),
            of_hold(REPLACED, -1, 1, 1),
            of_hold(REPLACED, 1, 0, 2),
            of_hold(REVIVED, -1, 1, 1),
            of_hold(REVIVED, 1, 0, 3),
            of_hold(REVIVED, -1, 1, 5),
            of_hold(LAPSED, -1, 2, 1),
            of_hold(LAPSED, 1, 1, 2),
            of_hold(HELD, -1, 2, 1),
        ],
        requests={"product": [], "stocks": [], "cancel": []},
        money=MONEY,
        shipments=[StoredShipment(1, ORDER, 3, "", {10 * ORDER: 3})],
        moment=START + timedelta(minutes=20),
    )
    return history, stored


def held_orders() -> dict[int, StoredOrder]:
    canceled = {"status": "canceled", "canceled_because": "expired"}
    soon, later = START + timedelta(minutes=1), START + timedelta(minutes=30)
    money = {"v2": (1, "4.00"), "v4": (2, "6.00"), "v6": (3, "1.00")}
    events = happened("placed", "paid", "canceled", "paid", "revived", "refunded", **money)
    revived = held(REVIVED, held_until=None, paid="9.00")
    replaced = held(REPLACED, **canceled | {"canceled_because": "requested"})
    gone = happened("placed", "canceled")
    return {
        REVIVED: StoredOrder("held", 6, revived, events),
        REPLACED: StoredOrder("replaced", 2, replaced, gone, later),
        LAPSED: StoredOrder("lapsed", 2, held(LAPSED, **canceled), gone, soon),
        HELD: StoredOrder("still held", 1, held(HELD), happened("placed"), later),
    }


def test_a_right_history_has_no_anomaly() -> None:
    assert check(*right()) == {}


def test_requests_that_overlap_may_have_come_in_any_order() -> None:
    history, stored = right()
    history.writes.append(Write("product", GOODS, "description", "also", 0.5, 2))
    history.reads.append(Read("product", 0.7, 3, [product(GOODS, 7, description="also")]))
    assert check(history, stored) == {}


def test_a_request_of_unknown_outcome_may_have_its_effect_at_any_time() -> None:
    history, stored = right()
    history.writes.append(Write("product", GOODS, "description", "perhaps", 2, inf))
    history.reads.append(read("product", 8, product(GOODS, 7, description="perhaps")))
    assert check(history, stored) == {}


Wrong = Callable[[History, Stored], Stored | None]
WRONG: dict[str, tuple[str, Wrong]] = {}


def wrong(rule: str) -> Callable[[Wrong], Wrong]:
    """The function makes the right history wrong, so that this rule and no other sees it."""

    def register(change: Wrong) -> Wrong:
        WRONG[change.__name__] = rule, change
        return change

    return register


def stored_order(stored: Stored, key: int = ORDER, **changes: Any) -> Stored:
    return replace(stored, orders={**stored.orders, key: replace(stored.orders[key], **changes)})


@wrong("server_errors")
def an_answer_is_500(history: History, _: Stored) -> None:
    history.statuses[500] += 1


@wrong("torn_orders")
def a_total_is_of_another_version(history: History, _: Stored) -> None:
    history.reads.append(read("order", 2, FIRST | {"lines": CHANGED["lines"], "updated_at": "T1a"}))


@wrong("torn_orders")
def a_stored_total_is_wrong(history: History, stored: Stored) -> Stored:
    history.reads.clear()
    return stored_order(stored, document={**stored.orders[ORDER].document, "total": "0.00"})


@wrong("torn_lists")
def a_list_shows_one_half_of_a_transfer(history: History, _: Stored) -> None:
    history.reads.append(read("product", 7, product(LEFT, 3), product(RIGHT, 6)))


@wrong("versions_have_one_content")
def two_changes_make_the_same_version(history: History, _: Stored) -> None:
    lost = order(4, reference="second")
    history.reads.append(read("order", 2, lost, version=2, changed=1))


@wrong("versions_have_one_content")
def two_changes_happen_at_the_same_moment(history: History, _: Stored) -> None:
    history.reads.append(read("order", 2, CHANGED | order(4, reference="second")))


@wrong("orders_go_on")
def a_list_is_stale(history: History, _: Stored) -> None:
    history.reads.append(read("order", 5.5, CHANGED | {"reference": "second"}))


@wrong("orders_go_on")
def an_acknowledged_version_is_not_stored(history: History, _: Stored) -> None:
    history.reads.append(read("order", 5, SHIPPED | {"updated_at": "T4"}, version=4))


@wrong("changes_make_the_next_version")
def a_change_passes_a_version(history: History, _: Stored) -> None:
    history.reads[1] = replace(history.reads[1], changed=0)


@wrong("fields_are_written")
def an_acknowledged_write_is_lost(history: History, stored: Stored) -> Stored:
    products = {**stored.products, GOODS: product(GOODS, 7, description="old")}
    return replace(stored, products=products)


@wrong("fields_are_written")
def a_read_is_older_than_an_acknowledged_write(history: History, _: Stored) -> None:
    history.reads.append(read("product", 2, product(GOODS, 7, description="old")))


@wrong("fields_are_written")
def a_read_is_of_the_future(history: History, _: Stored) -> None:
    history.writes.append(Write("product", GOODS, "description", "later", 9, inf))
    history.reads.append(read("product", 7, product(GOODS, 7, description="later")))


@wrong("fields_are_written")
def a_refused_write_is_read(history: History, _: Stored) -> None:
    history.reads.append(read("product", 7, product(GOODS, 7, description="refused")))


@wrong("changes_are_asked_for")
def a_refused_change_is_stored(history: History, _: Stored) -> None:
    history.writes.pop(2)


@wrong("changes_are_asked_for")
def more_changes_are_acknowledged_than_stored(history: History, _: Stored) -> None:
    history.writes += [Write("order", ORDER, "note", n, 2, 3) for n in range(2)]


@wrong("keys_count_once")
def a_refused_order_is_stored(history: History, _: Stored) -> None:
    history.keyed[:2] = [Keyed("order", "cart", 0, inf, "refused")]


@wrong("keys_count_once")
def an_acknowledged_key_is_not_stored(history: History, _: Stored) -> None:
    history.keyed.append(Keyed("stocks", "gone", 0, 1, "done", b"{}"))


@wrong("keys_count_once")
def a_key_made_two_movements(history: History, stored: Stored) -> Stored:
    again = Movement(GOODS, 0, 7, "counted", key="count")
    return replace(stored, movements=[*stored.movements, again])


@wrong("keys_count_once")
def a_retry_has_another_answer(history: History, _: Stored) -> None:
    history.keyed[1] = replace(history.keyed[1], answer=b"{ }")


@wrong("keys_count_once")
def a_retry_is_refused(history: History, _: Stored) -> None:
    history.keyed[1] = replace(history.keyed[1], told="refused", answer=b"")


@wrong("acknowledged_is_readable")
def an_acknowledged_order_is_not_found(history: History, _: Stored) -> None:
    history.reads.append(read("order", 2, absent=ORDER))


@wrong("acknowledged_is_readable")
def an_acknowledged_product_is_not_stored(history: History, _: Stored) -> None:
    history.reads.append(read("product", 2, product(99, 0)))


@wrong("statuses_follow_the_moves")
def an_event_is_no_move(_: History, stored: Stored) -> Stored:
    placed, changed, shipped = stored.orders[ORDER].events
    skipped = replace(shipped, before="delivered")
    return stored_order(stored, events=[placed, replace(changed, after="delivered"), skipped])


@wrong("statuses_follow_the_moves")
def an_event_is_missing(_: History, stored: Stored) -> Stored:
    placed, changed, shipped = stored.orders[ORDER].events
    return stored_order(stored, events=[placed, replace(changed, version=4), shipped])


@wrong("statuses_follow_the_moves")
def a_version_had_another_status(history: History, _: Stored) -> None:
    history.reads[0] = read("order", 0, FIRST | {"status": "shipped"}, version=1)


@wrong("torn_orders")
def what_is_due_is_of_another_status(history: History, _: Stored) -> None:
    history.reads.append(read("order", 1, held(HELD, due="0.00", needs_refund=False)))


@wrong("torn_orders")
def a_charge_is_not_in_the_total(history: History, _: Stored) -> None:
    history.reads.append(read("order", 1, held(HELD, charges=[])))


@wrong("versions_have_one_content")
def a_version_was_paid_and_not_paid(history: History, _: Stored) -> None:
    history.reads.append(read("order", 1, held(HELD, paid="1.00"), version=1))


@wrong("changes_are_asked_for")
def nobody_canceled_an_order(history: History, _: Stored) -> None:
    history.keyed = [
        replace(each, order=None) if each.key == "held" else each for each in history.keyed
    ]


@wrong("changes_are_asked_for")
def an_acknowledged_cancel_is_not_stored(history: History, _: Stored) -> None:
    history.writes.append(Write("order", HELD, "status", "canceled", 2, 3))


@wrong("holds_end_once")
def an_order_is_shipped_while_it_is_held(history: History, stored: Stored) -> Stored:
    return stored_order(stored, held_until=START)


@wrong("holds_end_once")
def an_order_becomes_firm_twice(history: History, stored: Stored) -> Stored:
    history.writes += [Write("order", HELD, "status", "confirmed", 2, 3)] * 2
    history.reads = [each for each in history.reads if each.documents[0]["id"] != HELD]
    document = held(HELD, held_until=None)
    events = happened("placed", "confirmed", "confirmed")
    changes = {"version": 3, "events": events, "document": document, "held_until": None}
    return stored_order(stored, HELD, **changes)


@wrong("holds_end_once")
def an_acknowledged_confirmation_is_lost(history: History, stored: Stored) -> Stored:
    history.writes += [Write("order", HELD, "note", n, 2, 3) for n in range(2)]
    history.writes.append(Write("order", HELD, "status", "confirmed", 2, 3))
    history.reads.append(read("order", 2, held(HELD, held_until=None), version=2))
    events = happened("placed", "changed", "changed")
    return stored_order(stored, HELD, version=3, events=events)


@wrong("holds_end_once")
def a_firm_order_expired(_: History, stored: Stored) -> Stored:
    return stored_order(stored, LAPSED, held_until=None)


@wrong("holds_end_once")
def a_canceled_order_does_not_say_why(_: History, stored: Stored) -> Stored:
    return stored_order(stored, REPLACED, document=held(REPLACED, "canceled"))


@wrong("holds_last_until_then")
def a_hold_is_taken_back_too_soon(_: History, stored: Stored) -> Stored:
    return stored_order(stored, LAPSED, held_until=START + timedelta(minutes=5))


@wrong("holds_last_until_then")
def nobody_let_the_hold_expire(history: History, stored: Stored) -> Stored:
    history.expired.clear()
    placed, canceled = stored.orders[LAPSED].events
    canceled = replace(canceled, at=placed.at + timedelta(seconds=59))
    return stored_order(stored, LAPSED, events=[placed, canceled])


@wrong("expired_holds_are_taken_back")
def a_hold_stays_after_its_end(_: History, stored: Stored) -> Stored:
    return stored_order(stored, HELD, held_until=START + timedelta(minutes=19))


@wrong("replaced_orders_end")
def a_replaced_order_goes_on(history: History, _: Stored) -> None:
    history.keyed.append(Keyed("order", "still held", 0, 1, "done", b"{}", order=HELD))


@wrong("replaced_orders_end")
def an_order_is_replaced_twice(history: History, _: Stored) -> None:
    history.keyed.append(Keyed("order", "lapsed", 0, 1, "done", b"{}", order=REPLACED))


@wrong("keys_count_once")
def an_acknowledged_refund_is_kept_twice(history: History, stored: Stored) -> Stored:
    """It is kept for another order, so that its sums are right."""
    paid = kept(4, "payment", "2.00", "2.00", order=HELD)
    again = replace(kept(5, "refund", "2.00", "0.00", order=HELD), key=MONEY[2].key)
    history.reads = [each for each in history.reads if each.documents[0]["id"] != HELD]
    events = happened("placed", "paid", "refunded", v2=(4, "2.00"), v3=(5, "2.00"))
    changed = stored_order(stored, HELD, version=3, events=events)
    return replace(changed, money=[*MONEY, paid, again])


@wrong("keys_count_once")
def a_refused_payment_is_kept(history: History, stored: Stored) -> None:
    history.keyed = [
        replace(each, told="refused", answer=b"") if each.key == MONEY[0].key else each
        for each in history.keyed
    ]


@wrong("paid_is_payments_minus_refunds")
def what_is_paid_is_not_the_sum(history: History, stored: Stored) -> Stored:
    history.reads = [each for each in history.reads if each.documents[0]["id"] != REVIVED]
    return stored_order(stored, REVIVED, document=held(REVIVED, held_until=None, paid="10.00"))


@wrong("paid_is_payments_minus_refunds")
def a_payment_has_no_event(_: History, stored: Stored) -> Stored:
    return replace(stored, money=[*MONEY, kept(4, "payment", "1.00", "1.00", order=HELD)])


@wrong("paid_is_payments_minus_refunds")
def an_event_has_no_refund(history: History, stored: Stored) -> Stored:
    history.keyed = [each for each in history.keyed if each.what != "refund"]
    return replace(stored, money=MONEY[:2])


@wrong("money_is_as_answered")
def a_payment_is_not_the_acknowledged_one(history: History, _: Stored) -> None:
    other = told_of(replace(MONEY[0], amount=Decimal("5.00")))
    history.keyed = [other if each.key == other.key else each for each in history.keyed]


@wrong("covered_orders_are_firm")
def a_payment_covers_an_order_that_stays_held(history: History, stored: Stored) -> Stored:
    history.reads = [each for each in history.reads if each.documents[0]["id"] != HELD]
    events = happened("placed", "paid", v2=(4, "10.00"))
    document = held(HELD, paid="10.00")
    changed = stored_order(stored, HELD, version=2, events=events, document=document)
    return replace(changed, money=[*MONEY, kept(4, "payment", "10.00", "10.00", order=HELD)])


@wrong("covered_orders_are_firm")
def a_payment_says_that_it_revived_an_order(history: History, stored: Stored) -> Stored:
    events = happened("placed", "canceled", "paid", v3=(4, "10.00"))
    document = {**stored.orders[LAPSED].document, "paid": "10.00"}
    changed = stored_order(stored, LAPSED, version=3, events=events, document=document)
    return replace(changed, money=[*MONEY, kept(4, "payment", "10.00", "10.00", order=LAPSED)])


@wrong("ledger_adds_up")
def a_movement_does_not_add_up(_: History, stored: Stored) -> Stored:
    rows = [replace(stored.movements[0], quantity_after=11), *stored.movements[1:]]
    return replace(stored, movements=rows)


@wrong("ledger_adds_up")
def stock_is_not_the_sum(history: History, stored: Stored) -> Stored:
    products = {**stored.products, GOODS: product(GOODS, 8, description="new")}
    return replace(stored, products=products)


@wrong("ledger_adds_up")
def a_product_is_oversold(history: History, stored: Stored) -> Stored:
    rows = [
        Movement(GOODS, -13, -6, "sold", committed_delta=13, committed_after=13),
        Movement(GOODS, 13, 7, "released", committed_delta=-13, committed_after=0),
    ]
    return replace(stored, movements=[*stored.movements, *rows])


@wrong("ledger_adds_up")
def a_shelf_has_less_than_nothing(history: History, stored: Stored) -> Stored:
    rows = [Movement(GOODS, -8, -1, "corrected"), Movement(GOODS, 8, 7, "corrected")]
    return replace(stored, movements=[*stored.movements, *rows])


@wrong("ledger_adds_up")
def what_is_committed_is_not_the_sum(history: History, stored: Stored) -> Stored:
    goods = product(GOODS, 7, description="new", committed_quantity=1)
    return replace(stored, products={**stored.products, GOODS: goods})


@wrong("ledger_adds_up")
def a_movement_commits_something_else(_: History, stored: Stored) -> Stored:
    rows = [*stored.movements]
    rows[3] = replace(rows[3], committed_after=1)
    return replace(stored, movements=rows)


@wrong("ledger_adds_up")
def a_count_is_of_what_can_be_sold(history: History, stored: Stored) -> Stored:
    rows = [
        Movement(GOODS, 0, 7, "corrected", committed_delta=2, committed_after=2),
        Movement(GOODS, 0, 7, "counted", key="again", committed_after=2),
        Movement(GOODS, 0, 7, "corrected", committed_delta=-2, committed_after=0),
    ]
    history.keyed.append(Keyed("stock", "again", 5, 6, "done", b"[]", counted=7))
    return replace(stored, movements=[*stored.movements, *rows])


@wrong("ledger_adds_up")
def a_count_sets_another_stock(history: History, _: Stored) -> None:
    history.keyed[4] = replace(history.keyed[4], counted=8)


@wrong("orders_take_their_stock")
def an_order_took_too_little(_: History, stored: Stored) -> Stored:
    rows = [*stored.movements]
    rows[4] = replace(rows[4], reference="")
    return replace(stored, movements=rows)


@wrong("orders_take_their_stock")
def an_order_took_its_stock_twice(_: History, stored: Stored) -> Stored:
    rows = [*stored.movements]
    rows[4] = replace(rows[4], revision=1)
    return replace(stored, movements=rows)


@wrong("orders_take_their_stock")
def an_order_left_without_a_movement(_: History, stored: Stored) -> Stored:
    rows = [*stored.movements]
    rows[5] = replace(rows[5], reference="")
    return replace(stored, movements=rows)


@wrong("orders_take_their_stock")
def no_order_took_stock(_: History, stored: Stored) -> Stored:
    rows = [*stored.movements, Movement(LEFT, -1, 3, "sold", "order:8", 1)]
    rows += [Movement(LEFT, 1, 4, "received")]
    return replace(stored, movements=rows)


@pytest.mark.parametrize("name", WRONG)
def test_each_kind_of_wrong_is_seen(name: str) -> None:
    rule, change = WRONG[name]
    history, stored = right()
    changed = change(history, stored)
    assert list(check(history, stored if changed is None else changed)) == [rule]


def test_every_rule_is_seen_to_find_something() -> None:
    """Those of goods are seen in a test of their own."""
    others = {rule.__name__ for rule in RULES if rule.__module__ != goods.__name__}
    assert {rule for rule, _ in WRONG.values()} == others
