"""The audit looks at what may be wrong alone, and misses nothing."""

from collections.abc import Iterator

import pytest
from pytest_django import DjangoAssertNumQueries

from apps.orders.books import suspects
from apps.orders.books.audit import audit
from apps.orders.books.suspects import Suspects
from apps.orders.microservice_communication import ProductSnapshot, sum_all_movements
from apps.orders.models import Order
from apps.orders.operations import cancel_order, ship_order
from apps.orders.tests.factories import execute, line, make_order
from apps.orders.tests.product_rows import add_movement, make_product

pytestmark = pytest.mark.django_db


@pytest.fixture
def mug() -> ProductSnapshot:
    return make_product(name="Blue Mug", price="9.99", stock=10, sku="A-1")


def test_statements_grow_with_what_is_wrong_and_not_with_orders(
    mug: ProductSnapshot,
    monkeypatch: pytest.MonkeyPatch,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    monkeypatch.setattr("apps.orders.books.audit.CHUNK_SIZE", 2)
    orders = [make_order(line(mug.id)) for _ in range(2)]
    with django_assert_num_queries(15):
        assert list(audit()) == []
    orders += [make_order(line(mug.id)) for _ in range(3)]
    with django_assert_num_queries(15):
        assert list(audit()) == []
    Order.objects.filter(pk__gt=orders[1].pk).update(version=2)
    with django_assert_num_queries(15 + 2 * 3):  # three orders are looked at, in two chunks
        found = list(audit())
    assert [each.text for each in found] == [
        f"Order {order.pk}: its version is 2, but the number of its events is 1."
        for order in orders[2:]
    ]


@pytest.mark.usefixtures("undone")
def test_nothing_that_is_wrong_is_beyond_suspicion(
    mug: ProductSnapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The audit finds what it finds when it looks at every order and every reference."""
    pen = make_product(price="0.10", stock=100)
    orders = [make_order(line(pen.id, 3)) for _ in range(20)]
    ship_order(order_id=orders[0].pk, actor="tests")
    cancel_order(order_id=orders[1].pk, actor="tests")
    damage = [
        "UPDATE orders_order SET version = 2 WHERE id = %s",
        "UPDATE orders_order SET status = 'delivered' WHERE id = %s",
        "UPDATE orders_order SET status = 'shipped' WHERE id = %s",
        "UPDATE orders_order SET status = 'canceled' WHERE id = %s",
        "UPDATE orders_order SET total = 0.31 WHERE id = %s",
        "UPDATE orders_order SET total = 0.29 WHERE id = %s",
        "UPDATE orders_orderline SET quantity = 4 WHERE order_id = %s",
        "UPDATE orders_orderline SET unit_price = 0.11 WHERE order_id = %s",
        f"UPDATE orders_orderline SET product_id = {mug.id} WHERE order_id = %s",  # noqa: S608
        "DELETE FROM orders_orderline WHERE order_id = %s",
        "DELETE FROM orders_order WHERE id = %s",
    ]
    for order, statement in zip(orders[2:], damage, strict=False):
        execute(statement, order.pk)
    for number, order in enumerate(orders[14:18]):
        text = f"order:{order.pk}"
        reference = [text, f"{text}x", f"{text} ", text.replace(":", ":0")][number]
        add_movement(mug.id, -1, 9 - number, reference=reference, revision=9)
    told = [each.text for each in audit()]
    everything = Suspects(
        {*Order.objects.values_list("pk", flat=True)},
        {reference for reference, _, _ in sum_all_movements(prefix="order:")},
    )
    monkeypatch.setattr("apps.orders.books.audit.find_suspects", lambda: everything)
    assert told == [each.text for each in audit()]
    assert len(told) == 23


def test_the_order_in_which_a_collation_sorts_does_not_matter(
    mug: ProductSnapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An order that was canceled has only a movement that is one too many."""
    orders = [make_order(line(mug.id)) for _ in range(3)]
    cancel_order(order_id=orders[0].pk, actor="tests")
    add_movement(mug.id, -1, 7, reference=f"order:{orders[0].pk}", revision=9)
    told = [each.text for each in audit()]
    assert len(told) == 2

    def backwards(*, prefix: str) -> Iterator[tuple[str, int, int]]:
        yield from reversed(list(sum_all_movements(prefix=prefix)))

    monkeypatch.setattr(suspects, "sum_all_movements", backwards)
    assert [each.text for each in audit()] == told
