"""The audit looks at what may be wrong alone, and misses nothing."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from apps.orders.books.audit import audit
from apps.orders.books.suspects import Suspects
from apps.orders.microservice_communication import ProductSnapshot
from apps.orders.models import Order
from apps.orders.operations import cancel_order, deliver_order, ship_order
from apps.orders.tests.factories import execute, line, make_order
from apps.orders.tests.product_rows import add_movement, make_product
from monoservices.database import fingerprints
from monoservices.testing.rows import rows_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def mug() -> ProductSnapshot:
    return make_product(name="Blue Mug", price="9.99", stock=10, sku="MUG")


def test_statements_grow_with_what_is_wrong_and_not_with_orders(
    mug: ProductSnapshot,
    monkeypatch: pytest.MonkeyPatch,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    monkeypatch.setattr("apps.orders.books.audit.CHUNK_SIZE", 2)
    orders = [make_order(line(mug.id)) for _ in range(2)]
    shipped, delivered, canceled = (make_order(line(mug.id)).pk for _ in range(3))
    for order_id in (shipped, delivered):
        ship_order(order_id=order_id, actor="x")
    deliver_order(order_id=delivered, actor="x")
    cancel_order(order_id=canceled, actor="x")
    with CaptureQueriesContext(connection) as statements:
        assert list(audit()) == []
    count = len(statements)
    assert count in {27, 28}  # the fake of `microservice_communication` takes one more
    orders += [make_order(line(mug.id)) for _ in range(3)]
    with django_assert_num_queries(count):
        assert list(audit()) == []
    Order.objects.filter(pk__gt=canceled).update(version=2)
    with django_assert_num_queries(count + 2 * 8):  # three orders are looked at, in two chunks
        found = list(audit())
    assert [each.text for each in found] == [
        f"Order {order.pk}: its version is 2, but the number of its events is 1."
        for order in orders[2:]
    ]


MOVEMENT = """
    INSERT INTO products_stockmovement (product_id, delta, quantity_after, reason, reference,
        revision, actor, note, created_at)
    SELECT p.id, {delta}, 9, 'corrected', '{reference}', 9, 'tests', '', p.created_at
    FROM products_product AS p WHERE sku = '{sku}'
"""
COMMITTED = """
    INSERT INTO products_stockmovement (product_id, delta, quantity_after, committed_delta,
        committed_after, reason, reference, revision, actor, note, created_at)
    SELECT p.id, 0, 9, {committed}, 9, 'corrected', 'order:{id}', 8, 'tests', '', p.created_at
    FROM products_product AS p WHERE sku = '{sku}'
"""
EVENT = """
    INSERT INTO orders_orderevent (order_id, type, from_status, to_status, actor, data, created_at)
    SELECT id, {event}, 'tests', '{{}}', created_at FROM orders_order WHERE id = {id}
"""
LINE = """
    INSERT INTO orders_orderline (order_id, product_id, sku, product_name, unit_price, quantity)
    SELECT {id}, p.id, p.sku, p.name, 0, 1 FROM products_product AS p WHERE sku = 'MUG'
"""
ORDER = """
    INSERT INTO orders_order (client_id, status, currency, total, reference, customer_email,
        shipping_address, metadata, idempotency_key, fingerprint, first_answer, version,
        created_at, updated_at)
    SELECT client_id, status, currency, 0, '', '', '{{}}', '{{}}', 'k', '', '', 1, created_at,
        updated_at FROM orders_order WHERE id = {id}
"""
CHARGE = """
    INSERT INTO orders_ordercharge (order_id, type, label, amount) VALUES ({id}, 'fee', '', 1)
"""
DELETED = "DELETE FROM orders_order WHERE id = {id}"


def moved(delta: int = -1, reference: str = "order:{id}", sku: str = "PEN") -> str:
    return (
        MOVEMENT.replace("{delta}", str(delta))
        .replace("{reference}", reference)
        .replace("{sku}", sku)
    )


def committed(units: int, sku: str = "PEN") -> str:
    return COMMITTED.replace("{committed}", str(units)).replace("{sku}", sku)


def happened(kind: str, before: str, after: str) -> str:
    return EVENT.replace("{event}", f"'{kind}', '{before}', '{after}'")


HELD = "UPDATE orders_order SET held_until = {until}, version = {version} WHERE id = {{id}}"


def held(until: str = "created_at", version: int = 1) -> str:
    return HELD.format(until=f"'{until}'" if "-" in until else until, version=version)


DAMAGE: list[tuple[str, ...]] = [
    ("UPDATE orders_order SET version = 2 WHERE id = {id}",),
    ("UPDATE orders_order SET status = 'delivered' WHERE id = {id}",),
    ("UPDATE orders_order SET status = 'shipped' WHERE id = {id}",),
    ("UPDATE orders_order SET status = 'canceled' WHERE id = {id}",),
    ("UPDATE orders_order SET total = 0.31 WHERE id = {id}",),
    ("UPDATE orders_order SET total = 0.29 WHERE id = {id}",),
    ("UPDATE orders_order SET client_id = 404 WHERE id = {id}",),
    ("UPDATE orders_orderline SET quantity = 4 WHERE order_id = {id}",),
    ("UPDATE orders_orderline SET unit_price = 0.11 WHERE order_id = {id}",),
    ("UPDATE orders_orderline SET product_id = 404 WHERE order_id = {id}",),
    ("UPDATE orders_orderline SET product_id = product_id - 1 WHERE order_id = {id}",),
    ("DELETE FROM orders_orderline WHERE order_id = {id}",),
    (LINE,),
    (ORDER,),
    (DELETED,),
    ("UPDATE orders_order SET charges_total = 0 WHERE id = {id}",),
    (CHARGE,),
    (CHARGE, "UPDATE orders_order SET charges_total = 1 WHERE id = {id}"),
    (CHARGE, "UPDATE orders_order SET charges_total = 2, total = total + 1 WHERE id = {id}"),
    (CHARGE, DELETED),
    (DELETED, moved(3)),  # which leaves movements that sum to nothing
    (happened("changed", "pending", "pending"),),
    (happened("shipped", "pending", "shipped"),),
    (
        happened("delivered", "shipped", "delivered"),
        "UPDATE orders_order SET status = 'delivered', version = 2 WHERE id = {id}",
    ),
    (held("2999-01-01 00:00:00"),),
    (happened("confirmed", "pending", "pending"), held(version=2)),
    (happened("confirmed", "pending", "pending"), held("2999-01-01 00:00:00", version=2)),
    (moved(),),
    (moved(3),),
    (moved(sku="MUG"),),
    (moved(-1), moved(1, sku="MUG")),
    (committed(1),),
    (committed(-3),),
    (committed(1, sku="MUG"),),
    (committed(-1), committed(1, sku="MUG")),
    (moved(), committed(1)),
    (moved(3), committed(-3)),
    (moved(reference="order:{id}x"),),
    (moved(reference="order:{id} "),),
    (moved(reference="order:0{id}"),),
    ("UPDATE products_product SET stock_quantity = {id} WHERE sku = 'MUG'",),
]
"""Ways to damage the books, each of one order."""


@pytest.fixture
def damaged(mug: ProductSnapshot, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Books that are damaged in each of these ways, and what an audit of every order tells."""
    pen = make_product(price="0.10", stock=500, sku="PEN")
    orders = [make_order(line(pen.id, 3)) for _ in range(2 + len(DAMAGE))]
    ship_order(order_id=orders[0].pk, actor="tests")
    cancel_order(order_id=orders[1].pk, actor="tests")
    for order, statements in zip(orders[2:], DAMAGE, strict=True):
        for statement in statements:
            execute(statement.format(id=order.pk))
    everything = Suspects(
        order_ids={*Order.objects.values_list("pk", flat=True)},
        references={row["reference"] for row in rows_of("products.StockMovement")}
        - {"", *(f"order:{order_id}" for order_id in Order.objects.values_list("pk", flat=True))},
    )
    with monkeypatch.context() as patched:
        patched.setattr("apps.orders.books.audit.find_suspects", lambda: everything)
        told = [each.text for each in audit()]
    assert len(told) == 75
    return told


@pytest.mark.usefixtures("undone")
@pytest.mark.parametrize("bits", [0, fingerprints.GROUP_BITS])
def test_nothing_that_is_wrong_is_beyond_suspicion(
    damaged: list[str], bits: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The audit tells what it tells when it looks at every order, also if no neighbor is wrong."""
    monkeypatch.setattr(fingerprints, "GROUP_BITS", bits)
    monkeypatch.setattr(fingerprints, "GROUP_SIZE", 1 << bits)
    assert [each.text for each in audit()] == damaged


def test_units_of_neighbors_do_not_make_up_for_each_other(mug: ProductSnapshot) -> None:
    """Two orders have each other's movements, so that every sum of units is right."""
    pen = make_product(stock=9)
    orders = [make_order(line(product.id)) for product in (mug, pen)]
    add_movement(mug.id, 1, 10, reference=f"order:{orders[0].pk}", revision=2)
    add_movement(mug.id, -1, 9, reference=f"order:{orders[1].pk}", revision=2)
    add_movement(pen.id, 1, 9, reference=f"order:{orders[1].pk}", revision=2)
    add_movement(pen.id, -1, 8, reference=f"order:{orders[0].pk}", revision=2)
    assert {each.order_id for each in audit()} == {order.pk for order in orders}
    assert len(list(audit())) == 4
