"""Looking through the index of texts, stretch by stretch; see `by_index`."""

from apps.orders.searching.asked import Parts, Search, Wanted
from apps.orders.searching.texts import (
    HAS_TEXT,
    LONG_OF_SHORT,
    SHORT,
    SHORT_IN_LONG,
    SHORT_OF_SHORT,
    TEXT,
    within,
)
from monoservices.database.engines import engine
from monoservices.database.trigrams import Condition

FIRST_STRETCHES = 2
"""How many long stretches are looked through before all orders are."""
SHORT_TEXT, FIRST_STRETCHES_OF_SHORT = 4, 16
"""Many orders have a text of so few letters, so that asking for all of them says little."""
FEW, SOME = 200, 1_000
"""The most orders that are taken from a long stretch and from all orders. If there may be more, the
page is looked for in shorter stretches."""
_INNER = SHORT_IN_LONG - 1
_IS_CANDIDATE: Condition = ("orders_order.id = ANY(candidate.ids)", [])


class _Direction:
    """How the numbers of short stretches go on: `edge` is in the first one of a long stretch."""

    def __init__(self, *, descending: bool) -> None:
        if descending:
            self.edge, self.side, self.end = _INNER, "<", "-1"
            self.after_short = "step.block - 1"
            self.after_long = f"(step.block & ~{_INNER}::bigint) - 1"
            self.goes_on = "step.block >= 0"
        else:
            self.edge, self.side, self.end = 0, ">", f"{1 << 52}"
            self.after_short = "step.block + 1"
            self.after_long = f"(step.block | {_INNER}) + 1"
            newest = f"SELECT max(id) >> {SHORT} FROM orders_order"  # noqa: S608
            self.goes_on = f"step.block <= ({newest})"


def steps_through_stretches(orders: Condition, search: Search, wanted: Wanted) -> Condition:
    """A recursive table `step`, of what was found step by step until there is enough.

    block: the short stretch where the next step begins. tries: how often a long stretch, or all
    orders, were looked through. found: how many orders were found in the steps before. ids: those
    that this step has found.
    """
    parts, go = Parts(), _Direction(descending=wanted.descending)
    is_short = len(search.text) <= SHORT_TEXT
    asks_all = f"step.tries = {FIRST_STRETCHES_OF_SHORT if is_short else FIRST_STRETCHES}"
    in_all = parts.add(_candidates("", search, SOME, owner=None))
    in_long = LONG_OF_SHORT.format("step.block")
    in_long = parts.add(_candidates(in_long, search, FEW, owner=wanted.owner))
    settled = parts.add(_matches(_IS_CANDIDATE, orders, search, go))
    in_short = parts.add(_matches(_in_short(search, wanted), orders, search, go))
    sql = f"""
        step (block, tries, found, ids) AS (
            SELECT first, 0, found, '{{}}'::bigint[] FROM seen
            UNION ALL
            SELECT
                CASE WHEN NOT at_edge THEN {go.after_short}
                    WHEN {asks_all} THEN CASE WHEN whole THEN {go.end} ELSE step.block END
                    WHEN whole THEN {go.after_long} ELSE {go.after_short} END,
                step.tries + at_edge::int, step.found + cardinality(taken.ids), taken.ids
            FROM step CROSS JOIN seen
            CROSS JOIN LATERAL (
                SELECT step.block & {_INNER} = {go.edge} OR step.block = seen.first AS at_edge
                OFFSET 0
            ) AS here
            CROSS JOIN LATERAL (
                SELECT CASE WHEN NOT at_edge THEN NULL WHEN {asks_all} THEN ARRAY({in_all})
                    ELSE ARRAY({in_long}) END AS ids OFFSET 0
            ) AS candidate
            CROSS JOIN LATERAL (
                SELECT cardinality(candidate.ids) <= CASE WHEN {asks_all} THEN {SOME} ELSE {FEW} END
                    AS whole OFFSET 0
            ) AS extent
            CROSS JOIN LATERAL (
                SELECT CASE WHEN candidate.ids = '{{}}' THEN '{{}}' WHEN whole THEN ARRAY({settled})
                    WHEN at_edge AND {asks_all} THEN '{{}}' ELSE ARRAY({in_short}) END AS ids
                OFFSET 0
            ) AS taken
            WHERE {go.goes_on} AND step.found < {wanted.limit}
        )
    """  # noqa: S608 - made of constants and numbers
    return sql, parts.parameters


def _candidates(stretch: str, search: Search, most: int, *, owner: int | None) -> Condition:
    """Orders that may match; one more than `most` says that there may be more of them."""
    parts = Parts()
    is_there = parts.add(within(stretch, owner=owner))
    may_contain = parts.add(engine().may_contain(TEXT, search.text))
    sql = f"""
        SELECT orders_order.id FROM orders_order
        WHERE {is_there} AND {HAS_TEXT} AND {may_contain} LIMIT {most + 1}
    """  # noqa: S608
    return sql, parts.parameters


def _matches(where: Condition, orders: Condition, search: Search, go: _Direction) -> Condition:
    """Orders that match and come after those that were compared one by one."""
    parts = Parts()
    is_there = parts.add(where)
    contains = parts.add(engine().contains(TEXT, search.text))
    # The index on ids would be no help here, but PostgreSQL may think so.
    sql = f"""
        SELECT orders_order.id FROM orders_order
        WHERE {is_there} AND {contains} AND {parts.add(orders)}
            AND orders_order.id + 0 {go.side} seen.last
    """  # noqa: S608
    return sql, parts.parameters


def _in_short(search: Search, wanted: Wanted) -> Condition:
    stretch, of_stretch = within(SHORT_OF_SHORT.format("step.block"), owner=wanted.owner)
    may_contain, of_index = engine().may_contain(TEXT, search.text)
    return f"{stretch} AND {HAS_TEXT} AND {may_contain}", [*of_stretch, *of_index]
