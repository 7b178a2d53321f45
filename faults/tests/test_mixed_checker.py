"""The checker of histories: a right history, and one for each kind of wrong that a rule finds."""

from collections.abc import Callable
from dataclasses import replace
from math import inf
from typing import Any

import pytest

from faults.mixed.checker import RULES, check
from faults.mixed.history import (
    Document,
    History,
    Keyed,
    Kind,
    Movement,
    Read,
    Stored,
    StoredOrder,
    Write,
)

GOODS, LEFT, RIGHT = 1, 2, 3
ORDER = 7


def order(quantity: int = 2, status: str = "pending", **more: Any) -> dict[str, Any]:
    lines = [{"product_id": GOODS, "unit_price": "9.99", "quantity": quantity}]
    total = f"{9.99 * quantity:.2f}"
    fields = {"id": ORDER, "status": status, "reference": "first", "total": total, "lines": lines}
    return fields | more


def product(key: int, stock: int, **more: Any) -> dict[str, Any]:
    fields = {"id": key, "description": "old", "is_active": True, "stock_quantity": stock}
    return fields | {"committed_quantity": 0} | more


def read(kind: Kind, begin: float, *documents: Document, **more: Any) -> Read:
    return Read(kind, begin, begin + 1, documents, **more)


FIRST = order(updated_at="T1")
CHANGED = order(3, reference="second", updated_at="T2")
SHIPPED = CHANGED | {"status": "shipped", "updated_at": "T3"}


def moved(
    delta: int, after: int, reason: str, revision: int, *, committed: tuple[int, int]
) -> Movement:
    """A movement of the order. committed: delta, and what is left."""
    return Movement(GOODS, delta, after, reason, f"order:{ORDER}", revision, "", *committed)


def right() -> tuple[History, Stored]:
    """One order is placed, changed and shipped; a product is described; stock moves and counts."""
    history = History(
        reads=[
            read("order", 0, FIRST, version=1),
            read("order", 2, CHANGED, version=2, changed=1),
            read("order", 4, SHIPPED, version=3),
            read("order", 5.5, SHIPPED),
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
        ],
        transfers=frozenset({LEFT, RIGHT}),
        transfers_sum=10,
    )
    history.statuses.update({200: 5, 201: 2, 409: 1, 503: 1, 0: 1})
    end = {name: value for name, value in SHIPPED.items() if name != "updated_at"}
    events = [("", "pending"), ("pending", "pending"), ("pending", "shipped")]
    stored = Stored(
        orders={ORDER: StoredOrder("cart", 3, end, events)},
        products={
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
        ],
        requests={"product": [], "stocks": []},
    )
    return history, stored


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


def stored_order(stored: Stored, **changes: Any) -> Stored:
    return replace(stored, orders={ORDER: replace(stored.orders[ORDER], **changes)})


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
    events = [("", "pending"), ("pending", "delivered"), ("delivered", "shipped")]
    return stored_order(stored, events=events)


@wrong("statuses_follow_the_moves")
def an_event_is_missing(_: History, stored: Stored) -> Stored:
    return stored_order(stored, events=[("", "pending"), ("pending", "shipped")])


@wrong("statuses_follow_the_moves")
def a_version_had_another_status(history: History, _: Stored) -> None:
    history.reads[0] = read("order", 0, FIRST | {"status": "shipped"}, version=1)


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
    history.keyed[-1] = replace(history.keyed[-1], counted=8)


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
    assert {rule for rule, _ in WRONG.values()} == {rule.__name__ for rule in RULES}
