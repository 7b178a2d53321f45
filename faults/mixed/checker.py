"""Find what cannot be, in the clients' histories and the database at the end. Nothing is read here.

What may be true is no anomaly: a request whose outcome nobody knows may have had its effect or not,
and requests that overlap may have come in any order.
"""

from collections.abc import Callable, Iterator

from faults.mixed.history import History, Stored
from faults.mixed.rules import goods, holds, money, orders, requests, stock

Rule = Callable[[History, Stored], Iterator[str]]

RULES: tuple[Rule, ...] = (
    requests.server_errors,
    requests.fields_are_written,
    requests.keys_count_once,
    requests.acknowledged_is_readable,
    orders.torn_orders,
    orders.versions_have_one_content,
    orders.orders_go_on,
    orders.changes_make_the_next_version,
    orders.changes_are_asked_for,
    orders.statuses_follow_the_moves,
    holds.holds_end_once,
    holds.holds_last_until_then,
    holds.expired_holds_are_taken_back,
    holds.replaced_orders_end,
    money.paid_is_payments_minus_refunds,
    money.money_is_as_answered,
    money.covered_orders_are_firm,
    goods.units_add_up,
    goods.orders_follow_their_goods,
    goods.shipments_are_as_answered,
    goods.returns_are_as_answered,
    goods.goods_have_their_events,
    goods.goods_are_seen_as_they_were,
    stock.torn_lists,
    stock.ledger_adds_up,
    stock.orders_take_their_stock,
)


def check(history: History, stored: Stored) -> dict[str, list[str]]:
    """The anomalies by the name of the rule, for those rules that found any."""
    found = {rule.__name__: list(rule(history, stored)) for rule in RULES}
    return {name: lines for name, lines in found.items() if lines}
