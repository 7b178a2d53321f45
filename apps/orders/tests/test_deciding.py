"""`decide` is a pure function: no test here has a database."""

from collections import Counter
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from apps.orders.exceptions import (
    IdempotencyKeyReused,
    IllegalTransition,
    InvalidOrder,
    OrdersError,
    OutOfStock,
    PriceChanged,
    ProductHeld,
    ProductUnavailable,
    UnknownProduct,
)
from apps.orders.placing.deciding import Accepted, Decision, KnownOrder, Repeated, decide
from apps.orders.placing.holds import Hold, HoldBook
from apps.orders.placing.requests import LineRequest, OrderRequest
from apps.orders.placing.rules import MAX_QUANTITY, MAX_TOTAL
from apps.orders.placing.snapshots import ProductSnapshot
from apps.orders.tests.factories import line, request, snapshot
from monoservices.api.problems import Errors


def refusals(decisions: list[Decision]) -> list[type[OrdersError] | None]:
    """The kind of each refusal, None for what is accepted."""
    return [type(each) if isinstance(each, OrdersError) else None for each in decisions]


def refused(order: OrderRequest, *products: ProductSnapshot) -> tuple[type[OrdersError], Errors]:
    """The refusal of an order that comes alone."""
    [decision] = decide([order], products, {})
    assert isinstance(decision, OrdersError)
    return type(decision), decision.errors


def accepted(order: OrderRequest, *products: ProductSnapshot) -> Accepted:
    """The decision on an order that comes alone and is accepted."""
    [decision] = decide([order], products, {})
    assert isinstance(decision, Accepted)
    return decision


def parts(decision: Accepted) -> list[tuple[int, Decimal, int]]:
    """(product id, unit price, quantity) of each line."""
    return [(each.product.id, each.unit_price, each.quantity) for each in decision.lines]


# One order


def test_nothing_to_decide() -> None:
    assert decide([], [], {}) == []


def test_an_order_costs_what_its_lines_cost() -> None:
    mug, pen = snapshot(1, price="9.99"), snapshot(2, price="0.10")
    order = request(line(2, 3, path="lines.0"), line(1, 2, path="lines.1"))
    decision = accepted(order, mug, pen)
    assert decision.request is order
    assert parts(decision) == [(2, Decimal("0.10"), 3), (1, Decimal("9.99"), 2)]
    assert str(decision.total) == "20.28"


def test_a_product_is_found_by_its_sku() -> None:
    decision = accepted(request(line(None, 4, sku="SKU-2")), snapshot(1), snapshot(2))
    assert parts(decision) == [(2, Decimal("5.00"), 4)]


def test_a_free_product_can_be_ordered() -> None:
    assert str(accepted(request(line(1, 10)), snapshot(price="0.00")).total) == "0.00"


def test_all_that_is_left_can_be_ordered_and_not_one_more() -> None:
    assert parts(accepted(request(line(1, 10)), snapshot(stock=10)))[0][2] == 10
    assert refused(request(line(1, 11)), snapshot(stock=10)) == (
        OutOfStock,
        {"quantity": ["There are 10 in stock."]},
    )


def test_lines_of_one_product_at_one_price_are_one_line() -> None:
    order = request(
        line(1, 2, path="lines.0"),
        line(2, 1, path="lines.1"),
        line(None, 3, path="lines.2", sku="SKU-1"),
        line(1, 4, path="lines.3", unit_price=Decimal("5.00")),
    )
    decision = accepted(order, snapshot(1), snapshot(2))
    assert parts(decision) == [(1, Decimal("5.00"), 9), (2, Decimal("5.00"), 1)]
    assert decision.lines[0].request.path == "lines.0"


def test_merged_lines_are_compared_with_stock_together() -> None:
    order = request(line(1, 6, path="lines.0"), line(1, 5, path="lines.1"))
    expected = {"lines.0.quantity": ["There are 10 in stock."]}
    assert refused(order, snapshot(stock=10)) == (OutOfStock, expected)


def test_lines_at_different_prices_stay_apart_but_share_the_stock() -> None:
    cheap = line(1, 6, path="lines.0", unit_price=Decimal("1.50"))
    decision = accepted(request(cheap, line(1, 4, path="lines.1")), snapshot(stock=10))
    assert parts(decision) == [(1, Decimal("1.50"), 6), (1, Decimal("5.00"), 4)]
    assert decision.total == Decimal("29.00")
    message = ["There are 10 in stock."]
    assert refused(request(cheap, line(1, 5, path="lines.1")), snapshot(stock=10)) == (
        OutOfStock,
        {"lines.0.quantity": message, "lines.1.quantity": message},
    )


def test_a_price_may_be_set_even_to_nothing() -> None:
    assert accepted(request(line(1, 2, unit_price=Decimal(0))), snapshot()).total == 0


def test_expected_total() -> None:
    assert accepted(request(line(1, 2), expected_total=Decimal("10.00")), snapshot()).total == 10
    assert accepted(request(line(1, 2), expected_total=Decimal(10)), snapshot()).total == 10
    for wrong in ("9.99", "10.01", "0.00"):
        order = request(line(1, 2), expected_total=Decimal(wrong))
        expected = {"expected_total": ["The order costs 10.00."]}
        assert refused(order, snapshot()) == (PriceChanged, expected)


def test_a_product_that_does_not_exist_is_named_by_the_field_that_asked() -> None:
    no_such = ["There is no such product."]
    assert refused(request(line(7))) == (UnknownProduct, {"product_id": no_such})
    order = request(
        line(7, path="lines.0"), line(1, path="lines.1"), line(None, path="lines.2", sku="NONE")
    )
    assert refused(order, snapshot()) == (
        UnknownProduct,
        {"lines.0.product_id": no_such, "lines.2.sku": no_such},
    )


def test_every_archived_product_is_named() -> None:
    archived = [snapshot(1, is_active=False), snapshot(2, is_active=False), snapshot(3)]
    order = request(*(line(n, path=f"lines.{n - 1}") for n in (1, 2, 3)))
    assert refused(order, *archived) == (
        ProductUnavailable,
        {
            "lines.0.product_id": ["SKU-1 is no longer sold."],
            "lines.1.product_id": ["SKU-2 is no longer sold."],
        },
    )


def test_every_product_that_is_short_is_named_with_what_is_left() -> None:
    order = request(*(line(n, 3, path=f"lines.{n - 1}") for n in (1, 2, 3)))
    products = [snapshot(1, stock=2), snapshot(2, stock=3), snapshot(3, stock=0)]
    assert refused(order, *products) == (
        OutOfStock,
        {
            "lines.0.quantity": ["There are 2 in stock."],
            "lines.2.quantity": ["There are 0 in stock."],
        },
    )


def test_merged_quantities_stay_in_their_bounds() -> None:
    plenty = snapshot(stock=3 * MAX_QUANTITY, price="0.01")
    full = line(1, MAX_QUANTITY, path="lines.0")
    assert accepted(request(full), plenty).total == Decimal("10000.00")
    expected = {"lines.0.quantity": ["Expected 1 to 1000000 of one product."]}
    order = request(full, line(1, 1, path="lines.1"))
    assert refused(order, plenty) == (InvalidOrder, expected)
    assert refused(request(line(1, 0, path="lines.0")), plenty) == (InvalidOrder, expected)
    assert refused(request(line(1, -1, path="lines.0")), plenty) == (InvalidOrder, expected)


def test_a_total_stays_in_its_column() -> None:
    dear = [snapshot(n, price="99999999.99", stock=10_000) for n in (1, 2)]
    most = request(line(1, 9_999), line(2, 1, unit_price=Decimal("99999999.99")))
    assert accepted(most, *dear).total == Decimal("999999999900.00")
    to_the_cent = request(line(1, 10_000), line(2, 1, unit_price=Decimal("99.99")))
    assert accepted(to_the_cent, *dear).total == MAX_TOTAL
    beyond = request(line(1, 10_000), line(2, 1, unit_price=Decimal("100.00")))
    assert refused(beyond, *dear) == (
        InvalidOrder,
        {"lines": ["The order costs more than 999999999999.99."]},
    )


# A batch


def test_who_comes_first_is_served_first() -> None:
    orders = [request(line(1, quantity)) for quantity in (6, 5, 4, 1)]
    decisions = decide(orders, [snapshot(stock=10)], {})
    assert refusals(decisions) == [None, OutOfStock, None, OutOfStock]
    backwards = decide(orders[::-1], [snapshot(stock=10)], {})
    assert refusals(backwards) == [None, None, None, OutOfStock]


def test_a_refused_order_says_what_is_left_at_its_turn() -> None:
    decisions = decide([request(line(1, 6)), request(line(1, 5))], [snapshot(stock=10)], {})
    assert isinstance(decisions[1], OutOfStock)
    assert decisions[1].errors == {"quantity": ["There are 4 in stock."]}


def test_a_refused_order_leaves_nothing_behind() -> None:
    """If its second product is short, the order does not take its first product either."""
    both = request(line(1, 10), line(2, 1))
    decisions = decide([both, request(line(1, 10))], [snapshot(1), snapshot(2, stock=0)], {})
    assert refusals(decisions) == [OutOfStock, None]


def test_every_kind_of_refusal_spares_its_neighbours() -> None:
    products = [snapshot(1, stock=2), snapshot(2, is_active=False)]
    orders = [
        request(line(1)),
        request(line(7)),
        request(line(2)),
        request(line(1, 3)),
        request(line(1, 0)),
        request(line(1), expected_total=Decimal(1)),
        request(line(1)),
    ]
    assert refusals(decide(orders, products, {})) == [
        None,
        UnknownProduct,
        ProductUnavailable,
        OutOfStock,
        InvalidOrder,
        PriceChanged,
        None,
    ]


def test_a_key_that_is_known_is_answered_as_before() -> None:
    order = request(line(1, 2), key="k")
    before = KnownOrder(17, order.fingerprint, "{}")
    no_products: list[ProductSnapshot] = []
    assert decide([order], no_products, {(1, "k"): before}) == [before]


def test_a_replay_takes_no_stock() -> None:
    order = request(line(1, 10), key="k")
    known = {order.key: KnownOrder(17, order.fingerprint, "{}")}
    decisions = decide([order, request(line(1, 10))], [snapshot(stock=10)], known)
    assert refusals(decisions) == [None, None]


def test_a_known_key_with_another_request_is_refused() -> None:
    known = {(1, "k"): KnownOrder(17, request(line(1, 2)).fingerprint, "{}")}
    for other in (
        request(line(1, 3), key="k"),
        request(line(2, 2), key="k"),
        request(line(None, 2, sku="SKU-1"), key="k"),
        request(line(1, 2, unit_price=Decimal("5.00")), key="k"),
        request(line(1, 2), key="k", reference="r"),
        request(line(1, 2), key="k", expected_total=Decimal("10.00")),
    ):
        assert refusals(decide([other], [snapshot(1), snapshot(2)], known)) == [
            IdempotencyKeyReused
        ]


def test_the_same_request_is_the_same_however_its_lines_are_split() -> None:
    order = request(line(1, 2), line(2, 1), key="k")
    known = {order.key: KnownOrder(17, order.fingerprint, "{}")}
    split = request(line(2, 1), line(1, 1), line(1, 1), key="k", reference="", metadata={})
    assert decide([split], [], known) == [known[order.key]]


def test_the_same_key_of_two_clients_is_two_keys() -> None:
    order = request(line(1), key="k")
    known = {order.key: KnownOrder(17, order.fingerprint, "{}")}
    [decision] = decide([request(line(1), key="k", client_id=2)], [snapshot()], known)
    assert isinstance(decision, Accepted)


def test_a_key_that_comes_twice_in_a_batch_is_one_order() -> None:
    order = request(line(1, 6), key="k")
    neighbour = request(line(1, 4))
    decisions = decide([order, order, neighbour, order], [snapshot(stock=10)], {})
    assert refusals(decisions) == [None, None, None, None]
    assert [type(each) for each in decisions] == [Accepted, Repeated, Accepted, Repeated]
    assert (decisions[1], decisions[3]) == (Repeated(0), Repeated(0))


def test_a_key_that_comes_twice_in_a_batch_with_another_request_is_refused() -> None:
    orders = [request(line(1, quantity), key="k") for quantity in (1, 2)]
    assert refusals(decide(orders, [snapshot()], {})) == [None, IdempotencyKeyReused]


def test_a_refusal_is_not_remembered() -> None:
    """After a refused request, the same key is decided anew."""
    orders = [request(line(1, quantity), key="k") for quantity in (11, 10)]
    assert refusals(decide(orders, [snapshot(stock=10)], {})) == [OutOfStock, None]


def test_decide_changes_nothing_that_it_is_given() -> None:
    orders = [request(line(1, 2, path="lines.0"), line(1, 3, path="lines.1"))]
    product = snapshot(stock=10)
    first, second = decide(orders, [product], {}), decide(orders, [product], {})
    assert first == second
    assert product == snapshot(stock=10)
    assert [each.quantity for each in orders[0].lines] == [2, 3]


# Any batch

quantities = st.integers(1, 6)
unit_prices = st.sampled_from([None, Decimal("1.00")])
lines = st.builds(line, st.integers(1, 3), quantities, unit_price=unit_prices)
orders = st.lists(lines, min_size=1, max_size=4).map(lambda lines: request(*lines))


def wanted(lines: tuple[LineRequest, ...]) -> Counter[int]:
    total: Counter[int] = Counter()
    for each in lines:
        assert each.product_id is not None
        total[each.product_id] += each.quantity
    return total


@given(
    stock=st.tuples(*[st.integers(0, 12)] * 3),
    batch=st.lists(orders, max_size=12),
)
def test_accepted_is_exactly_what_fits_at_its_turn(
    stock: tuple[int, int, int], batch: list[OrderRequest]
) -> None:
    left = Counter(dict(enumerate(stock, start=1)))
    decisions = decide(batch, [snapshot(n, stock=left[n]) for n in (1, 2, 3)], {})
    assert len(decisions) == len(batch)
    for order, decision in zip(batch, decisions, strict=True):
        fits = wanted(order.lines) <= left
        assert fits == isinstance(decision, Accepted)
        if fits:
            left.subtract(wanted(order.lines))
        else:
            assert isinstance(decision, OutOfStock)
    assert min(left.values()) >= 0


# Holds


def held(
    order_id: int, units: dict[int, int], *, is_held: bool = True, has_expired: bool = True
) -> Hold:
    return Hold(order_id, 1, 1, "", is_held=is_held, has_expired=has_expired, units=units)


def ends(decision: Decision) -> list[tuple[int, str]]:
    """The orders that are canceled for an accepted one, and why."""
    assert isinstance(decision, Accepted), decision
    return [(hold.id, because) for hold, because in decision.ends]


def test_as_few_expired_holds_end_as_are_needed() -> None:
    holds = HoldBook([held(n, {1: 2}) for n in (7, 8, 9)])
    orders = [request(line(1, 1)), request(line(1, 4)), request(line(1, 2)), request(line(1, 3))]
    decisions = decide(orders, [snapshot(1, stock=1)], {}, holds)
    assert [ends(each) for each in decisions[:3]] == [
        [],
        [(7, "expired"), (8, "expired")],
        [(9, "expired")],
    ]
    assert isinstance(decisions[3], OutOfStock)
    assert decisions[3].product_ids == {1}


def test_holds_that_have_not_enough_stay() -> None:
    holds = HoldBook([held(7, {1: 2}), held(8, {2: 5})])
    products = [snapshot(1, stock=0), snapshot(2, stock=0)]
    orders = [
        request(line(1, 2, path="lines.0"), line(2, 6, path="lines.1")),
        request(line(1, 2)),
    ]
    refused, taken = decide(orders, products, {}, holds)
    assert isinstance(refused, OutOfStock)
    assert refused.product_ids == {1, 2}
    assert ends(taken) == [(7, "expired")]


def test_a_hold_that_has_not_expired_is_only_for_who_replaces_it() -> None:
    holds = HoldBook([held(7, {1: 2}, has_expired=False)])
    orders = [request(line(1)), request(line(1, 2), replaces=7), request(line(1), replaces=7)]
    refused, placed, late = decide(orders, [snapshot(1, stock=0)], {}, holds)
    assert isinstance(refused, OutOfStock)
    assert ends(placed) == [(7, "requested")]
    assert isinstance(late, IllegalTransition)


def test_a_hold_of_another_client_cannot_be_replaced() -> None:
    holds = HoldBook([held(7, {1: 2})])
    orders = [request(line(1), client_id=2, replaces=7), request(line(1), replaces=7)]
    [other, own] = decide(orders, [snapshot(1, stock=0)], {}, holds)
    assert isinstance(other, InvalidOrder)
    assert ends(own) == [(7, "requested")]


def test_a_refused_order_gives_nobody_the_units_that_it_would_have_replaced() -> None:
    holds = HoldBook([held(7, {1: 2}, has_expired=False)])
    orders = [request(line(1, 3), replaces=7), request(line(1))]
    assert refusals(decide(orders, [snapshot(1, stock=0)], {}, holds)) == [OutOfStock, OutOfStock]


def test_products_that_are_locked_elsewhere_keep_their_holds() -> None:
    holds = HoldBook([held(7, {1: 1, 2: 1}), held(8, {1: 1})])
    holds.leave_alone([2])
    orders = [request(line(1)), request(line(1)), request(line(1), replaces=7)]
    taken, refused, busy = decide(orders, [snapshot(1, stock=0)], {}, holds)
    assert ends(taken) == [(8, "expired")]
    assert (type(refused), type(busy)) == (OutOfStock, ProductHeld)


def test_an_order_that_is_locked_elsewhere_cannot_be_replaced_now() -> None:
    orders = [
        request(line(1), replaces=7),
        request(line(1), replaces=8),
        request(line(1), client_id=2, replaces=7),
    ]
    decisions = decide(orders, [snapshot(1)], {}, HoldBook(busy=[(7, 1)]))
    assert refusals(decisions) == [ProductHeld, InvalidOrder, InvalidOrder]


def test_a_hold_of_another_client_is_unknown_also_while_its_products_are_locked() -> None:
    holds = HoldBook([held(7, {1: 2})])
    holds.leave_alone([1])
    orders = [request(line(2), client_id=2, replaces=7), request(line(2), replaces=7)]
    assert refusals(decide(orders, [snapshot(2)], {}, holds)) == [InvalidOrder, ProductHeld]
