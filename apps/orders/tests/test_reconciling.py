"""The command `reconcile`, on books that tests break without the operations."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import F

from apps.orders.books.audit import audit
from apps.orders.books.suspects import Suspects
from apps.orders.microservice_communication import (
    Moved,
    ProductSnapshot,
    sum_movements,
)
from apps.orders.models import Order, OrderEvent, OrderLine, Shipment, ShipmentLine
from apps.orders.operations import cancel_order, deliver_order, ship_order, update_order
from apps.orders.tests.factories import execute, line, make_order
from apps.orders.tests.product_rows import add_movement, committed, in_stock, make_product
from monoservices.database.engines import engine
from tests.books import assert_books_balance, assert_ledger_balances

pytestmark = pytest.mark.django_db

RIGHT = "The books are right."


def reconcile(*args: str) -> tuple[int, list[str]]:
    """The exit status, and the lines on standard output."""
    out = StringIO()
    try:
        call_command("reconcile", *args, stdout=out)
    except SystemExit as end:
        return int(end.code or 0), out.getvalue().splitlines()
    return 0, out.getvalue().splitlines()


@pytest.fixture
def mug() -> ProductSnapshot:
    return make_product(name="Blue Mug", price="9.99", stock=10, sku="A-1")


@pytest.fixture
def order(mug: ProductSnapshot) -> Order:
    """An order of two mugs."""
    return make_order(line(mug.id, 2))


def test_nothing_is_right() -> None:
    assert reconcile() == (0, [RIGHT])


def test_what_operations_do_is_right(mug: ProductSnapshot) -> None:
    other = make_product(price="0.10", stock=3)
    make_order(line(mug.id, 1), line(other.id, 3))
    shipped, delivered, canceled, changed = (make_order(line(mug.id, 1)) for _ in range(4))
    ship_order(order_id=shipped.pk, actor="tests")
    ship_order(order_id=delivered.pk, actor="tests")
    deliver_order(order_id=delivered.pk, actor="tests")
    update_order(order_id=canceled.pk, quantity=3)
    cancel_order(order_id=canceled.pk, actor="tests")
    update_order(order_id=changed.pk, quantity=4)
    assert reconcile() == (0, [RIGHT])
    assert_books_balance()


def test_the_command_reads_and_changes_nothing_but_with_repair(order: Order) -> None:
    execute("UPDATE products_product SET stock_quantity = 9")
    before = _everything()
    assert reconcile()[0] == 1
    assert _everything() == before


def _everything() -> list[Any]:
    tables = ("products_product", "products_stockmovement", "orders_order", "orders_orderline")
    rows = []
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"SELECT * FROM {table} ORDER BY id")  # noqa: S608 - of the above
            rows.append(cursor.fetchall())
    return rows


def test_stock_that_is_not_its_ledger_s_is_repaired_by_the_ledger(
    mug: ProductSnapshot, order: Order
) -> None:
    execute("UPDATE products_product SET stock_quantity = 9")
    told = f"Product {mug.id} (A-1): 9 in stock, but its movements sum to 8."
    assert reconcile() == (1, [told, "1 discrepancy."])
    assert reconcile("--repair") == (
        0,
        [told, "1 discrepancy.", f"Product {mug.id}: ledger corrected by +1.", RIGHT],
    )
    assert in_stock(mug) == 9
    assert_books_balance()


def test_a_newest_movement_that_left_something_else_is_beyond_repair(mug: ProductSnapshot) -> None:
    add_movement(mug.id, -1, 9)
    add_movement(mug.id, 1, 11, reference="elsewhere", revision=1)
    told = f"Product {mug.id} (A-1): 10 in stock, but its newest movement left 11."
    assert reconcile() == (1, [told, "1 discrepancy."])
    assert reconcile("--repair") == (1, [told, "1 discrepancy."] * 2)


def test_an_order_that_took_no_stock_is_repaired_by_taking_it(
    mug: ProductSnapshot, order: Order
) -> None:
    OrderLine.objects.update(quantity=5)
    Order.objects.update(total="49.95")
    told = [
        f"Order {order.pk}: its movements of product {mug.id} sum to -2, not -5.",
        f"Order {order.pk}: its movements of product {mug.id} commit 2, not 5.",
        "2 discrepancies.",
    ]
    done = f"Order {order.pk}: movements of product {mug.id} corrected by -3 and +3 committed."
    assert reconcile("--repair") == (0, [*told, done, RIGHT])
    assert (in_stock(mug), committed(mug)) == (5, 5)
    # Another repair of the same order and product has a revision of its own.
    OrderLine.objects.update(quantity=4)
    Order.objects.update(total="39.96")
    assert reconcile("--repair")[0] == 0
    assert in_stock(mug) == 6
    assert_books_balance()


def test_an_order_that_was_canceled_without_its_stock_gives_it_back(
    mug: ProductSnapshot, order: Order
) -> None:
    cancel_order(order_id=order.pk, actor="tests")
    again: dict[str, Any] = {"reference": f"order:{order.pk}", "revision": 1}
    add_movement(mug.id, -2, 8, committed_delta=2, committed_after=2, **again)
    execute("UPDATE products_product SET stock_quantity = 8, committed_quantity = 2")
    told = [
        f"Order {order.pk}: its movements of product {mug.id} sum to -2, not 0.",
        f"Order {order.pk}: its movements of product {mug.id} commit 2, not 0.",
        "2 discrepancies.",
    ]
    done = f"Order {order.pk}: movements of product {mug.id} corrected by +2 and -2 committed."
    assert reconcile("--repair") == (0, [*told, done, RIGHT])
    assert (in_stock(mug), committed(mug)) == (10, 0)
    assert_books_balance()


def test_stock_that_was_moved_already_is_not_moved_by_a_repair(
    mug: ProductSnapshot, order: Order
) -> None:
    """The ledger has one row too many, by which both the stock and the order differ from it."""
    add_movement(mug.id, -3, 5, reference=f"order:{order.pk}", revision=1)
    status, told = reconcile("--repair")
    assert (status, told) == (
        0,
        [
            f"Product {mug.id} (A-1): 8 in stock, but its movements sum to 5.",
            f"Order {order.pk}: its movements of product {mug.id} sum to -5, not -2.",
            "2 discrepancies.",
            f"Order {order.pk}: movements of product {mug.id} corrected by +3.",
            RIGHT,
        ],
    )
    assert in_stock(mug) == 8


def test_a_repair_moves_what_the_ledger_does_not_explain(
    mug: ProductSnapshot, order: Order
) -> None:
    OrderLine.objects.update(quantity=5)
    Order.objects.update(total="49.95")
    execute("UPDATE products_product SET stock_quantity = 7")  # one of the three was taken
    status, told = reconcile("--repair")
    assert (status, told[-2:]) == (
        0,
        [
            f"Order {order.pk}: movements of product {mug.id} corrected by -3 and +3 committed.",
            RIGHT,
        ],
    )
    assert (in_stock(mug), committed(mug)) == (5, 5)


def test_a_repair_says_how_many_are_promised_and_not_there(
    mug: ProductSnapshot, order: Order
) -> None:
    OrderLine.objects.update(quantity=11)
    Order.objects.update(total="109.89")
    done = f"Order {order.pk}: movements of product {mug.id} corrected by -9 and +9 committed."
    status, told = reconcile("--repair")
    assert (status, told[-2:]) == (0, [done, RIGHT])
    assert (in_stock(mug), committed(mug)) == (-1, 11)
    assert_books_balance()


def test_a_repair_never_ships_what_is_not_on_the_shelf(mug: ProductSnapshot, order: Order) -> None:
    ship_order(order_id=order.pk, actor="tests")
    OrderLine.objects.update(quantity=11, shipped_quantity=11)
    Order.objects.update(total="109.89")
    line_id = order.lines.get().pk
    told = [
        f"Order {order.pk}: its line {line_id} says 11 shipped, but its shipments sum to 2.",
        f"Order {order.pk}: its movements of product {mug.id} sum to -2, not -11.",
        "2 discrepancies.",
    ]
    refused = f"Order {order.pk}: not corrected. Of product {mug.id}, -1 would be on hand."
    before = _everything()
    assert reconcile("--repair") == (1, [*told, refused, *told])
    assert _everything() == before


def test_committed_units_that_are_not_the_ledger_s_are_repaired_by_the_ledger(
    mug: ProductSnapshot, order: Order
) -> None:
    execute("UPDATE products_product SET committed_quantity = 3")
    told = f"Product {mug.id} (A-1): 3 committed, but its movements sum to 2."
    done = f"Product {mug.id}: ledger corrected by +1 committed."
    assert reconcile("--repair") == (0, [told, "1 discrepancy.", done, RIGHT])
    assert (in_stock(mug), committed(mug)) == (8, 3)
    assert_ledger_balances()


def ship_in_rows_alone(order: Order) -> None:
    """Ship an order without moving stock."""
    at = order.created_at
    Order.objects.update(status="shipped", version=2)
    OrderLine.objects.update(shipped_quantity=F("quantity"))
    made = {"order": order, "version": 2, "actor": "tests", "created_at": at}
    shipment = Shipment.objects.create(client_id=order.client_id, **made)
    for each in order.lines.all():
        ShipmentLine.objects.create(shipment=shipment, line=each, quantity=each.quantity)
    step = {"type": "shipped", "from_status": "pending", "to_status": "shipped"}
    OrderEvent.objects.create(**made, **step)


def test_an_order_that_left_without_its_movement_is_repaired(
    mug: ProductSnapshot, order: Order
) -> None:
    ship_in_rows_alone(order)
    told = f"Order {order.pk}: its movements of product {mug.id} commit 2, not 0."
    done = f"Order {order.pk}: movements of product {mug.id} corrected by -2 committed."
    assert reconcile("--repair") == (0, [told, "1 discrepancy.", done, RIGHT])
    assert (in_stock(mug), committed(mug)) == (8, 0)
    assert_books_balance()


def test_an_order_that_left_before_stock_had_two_quantities_is_right(
    mug: ProductSnapshot, order: Order
) -> None:
    ship_order(order_id=order.pk, actor="tests")
    for sql in engine().append_only("products_stockmovement", [])[1]:
        execute(sql)
    execute("DELETE FROM products_stockmovement WHERE reason = 'shipped'")
    execute("UPDATE products_stockmovement SET committed_delta = NULL, committed_after = NULL")
    assert reconcile() == (0, [RIGHT])


def set_version(order: Order) -> list[str]:
    Order.objects.update(version=3)
    return ["its version is 3, but the number of its events is 1."]


def set_status(order: Order) -> list[str]:
    Order.objects.update(status="shipped")
    return [
        "it is shipped, but its events lead to pending.",
        "it is shipped, but by its lines and shipments it is pending.",
    ]


def set_total(order: Order) -> list[str]:
    Order.objects.update(total="19.97")
    return ["its total is 19.97, but its lines sum to 19.98."]


def skip_a_status(order: Order) -> list[str]:
    Order.objects.update(status="delivered", version=2)
    execute(
        "INSERT INTO orders_orderevent (order_id, type, from_status, to_status, actor, data,"
        " created_at) VALUES (%s, 'delivered', 'shipped', 'delivered', 'tests', '{}',"
        " '2026-01-01 00:00:00+00:00')",
        order.pk,
    )
    event = order.events.get(type="delivered")
    return [
        f"its event {event.pk} goes from shipped to delivered, after pending.",
        "it is delivered, but by its lines and shipments it is pending.",
    ]


@pytest.mark.parametrize("tamper", [set_version, set_status, set_total, skip_a_status])
def test_orders_that_contradict_themselves_are_beyond_repair(
    order: Order, tamper: Callable[[Order], list[str]]
) -> None:
    told = [f"Order {order.pk}: {problem}" for problem in tamper(order)]
    told.append("1 discrepancy." if len(told) == 1 else f"{len(told)} discrepancies.")
    assert reconcile() == (1, told)
    assert reconcile("--repair") == (1, told * 2)


def test_an_order_without_lines_and_events_is_told(order: Order) -> None:
    execute(
        "INSERT INTO orders_order (client_id, status, currency, total, reference, customer_email,"
        " shipping_address, metadata, idempotency_key, fingerprint, first_answer, version,"
        " created_at, updated_at) SELECT client_id, status, currency, 0, '', '', '{}', '{}', 'k',"
        " '', '', 1, created_at, updated_at FROM orders_order"
    )
    empty = Order.objects.latest("pk")
    assert reconcile() == (
        1,
        [
            f"Order {empty.pk}: has no lines.",
            f"Order {empty.pk}: it is pending, but its events lead to nothing.",
            "2 discrepancies.",
        ],
    )


@pytest.mark.parametrize("number", ["404", "007", "x", "", "9" * 30])
def test_movements_for_orders_that_do_not_exist_are_told(mug: ProductSnapshot, number: str) -> None:
    add_movement(mug.id, -1, 9, reference=f"order:{number}", revision=1)
    add_movement(mug.id, 1, 10, reference="another document", revision=1)
    told = f"Movements refer to order:{number}, which does not exist."
    assert reconcile() == (1, [told, "1 discrepancy."])


@pytest.mark.usefixtures("undone")
def test_lines_and_events_without_their_order_are_told(order: Order) -> None:
    [line_id] = order.lines.values_list("pk", flat=True)
    [event_id] = order.events.values_list("pk", flat=True)
    execute("DELETE FROM orders_order")
    missing = f"belongs to order {order.pk}, which does not exist."
    assert reconcile() == (
        1,
        [
            f"Order line {line_id}: {missing}",
            f"Order event {event_id}: {missing}",
            f"Movements refer to order:{order.pk}, which does not exist.",
            "3 discrepancies.",
        ],
    )


@pytest.mark.usefixtures("undone")
def test_lines_and_movements_without_their_product_are_told(
    mug: ProductSnapshot, order: Order
) -> None:
    execute("DELETE FROM products_product")
    status, told = reconcile()
    assert (status, len(told)) == (1, 4)
    assert told[0].endswith(f": moves product {mug.id}, which does not exist.")
    assert told[1].endswith(f": moves product {mug.id}, which does not exist.")
    assert told[2:] == [
        f"Order lines name product {mug.id}, which does not exist.",
        "3 discrepancies.",
    ]


@pytest.mark.usefixtures("undone")
def test_orders_without_their_client_are_told(order: Order) -> None:
    execute("DELETE FROM accounts_client")
    told = f"Orders belong to client {order.client_id}, which does not exist."
    assert reconcile() == (1, [told, "1 discrepancy."])


@pytest.mark.django_db(transaction=True)
def test_what_is_committed_meanwhile_is_not_seen(
    order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody changes the order after it was read, and before its movements are."""
    quantities = iter([3, 4])

    def change_order() -> None:
        update_order(order_id=order.pk, quantity=next(quantities))
        connection.close()

    def read_later(**arguments: Any) -> dict[tuple[str, int], Moved]:
        with ThreadPoolExecutor() as executor:
            executor.submit(change_order).result()
        return sum_movements(**arguments)

    suspects = Suspects({order.pk}, set())
    monkeypatch.setattr("apps.orders.books.audit.find_suspects", lambda: suspects)
    monkeypatch.setattr("apps.orders.books.audit.sum_movements", read_later)
    assert reconcile() == (0, [RIGHT])
    assert len(list(audit())) == 2  # as it would be without the snapshot
    monkeypatch.undo()
    assert reconcile() == (0, [RIGHT])


@pytest.mark.django_db(transaction=True)
def test_the_command_is_the_first_to_use_the_connection(order: Order) -> None:
    connection.close()
    assert reconcile() == (0, [RIGHT])


def test_a_fault_of_the_database_is_said_without_a_traceback() -> None:
    execute("ALTER TABLE products_stockmovement RENAME TO elsewhere")
    with pytest.raises(CommandError, match=r"The database failed: .*products_stockmovement"):
        reconcile()
