"""What the tables refuse, whoever writes to them, and the name of an order."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import DataError, IntegrityError, connection, models, transaction
from django.db.models.fields import Field
from pytest_django import DjangoAssertNumQueries

from apps.orders.models import Order, OrderCharge, OrderEvent, OrderLine
from apps.orders.tests.factories import line, make_order
from apps.orders.tests.product_rows import make_product

pytestmark = pytest.mark.django_db

NOBODYS_ID = 7_777
_OTHERS = "order_id, type, from_status, to_status, actor, data, created_at"
REPLACE_ALL_BUT_ID = (
    f"REPLACE INTO orders_orderevent ({_OTHERS}) SELECT {_OTHERS} FROM orders_orderevent"  # noqa: S608
)

LATER = "2030-01-01 00:00:00+00:00"
ORDER_CHECKS: list[tuple[str, dict[str, Any]]] = [
    ("order_key_not_empty", {"idempotency_key": ""}),
    ("order_status_known", {"status": "lost"}),
    ("order_total_in_bounds", {"total": "-0.01"}),
    ("order_version_positive", {"version": 0}),
    ("order_paid_in_bounds", {"paid": "-0.01"}),
    ("order_held_while_it_may_be", {"status": "shipped", "held_until": LATER}),
    ("order_held_while_it_may_be", {"status": "delivered", "held_until": LATER}),
    ("order_total_not_below_credited", {"credited": "-0.01"}),
    ("order_total_not_below_credited", {"credited": "1000.00"}),
    ("order_partly_shipped_while_pending", {"partly_shipped": True, "status": "shipped"}),
    ("order_partly_shipped_while_pending", {"partly_shipped": True, "held_until": LATER}),
    ("order_canceled_because", {"canceled_because": "requested"}),
    ("order_canceled_because", {"canceled_because": "expired", "held_until": LATER}),
    ("order_canceled_because", {"canceled_because": "expired", "status": "canceled"}),
    ("order_canceled_because", {"canceled_because": "bored", "status": "canceled"}),
]
LINE_CHECKS: list[tuple[str, dict[str, Any]]] = [
    ("line_quantity_in_bounds", {"quantity": 0}),
    ("line_quantity_in_bounds", {"quantity": -1}),
    ("line_quantity_in_bounds", {"quantity": 1_000_001}),
    ("line_price_in_bounds", {"unit_price": "-0.01"}),
    ("line_tax_in_bounds", {"tax_rate": "-0.01"}),
    ("line_tax_in_bounds", {"tax_rate": "100.01"}),
    ("line_tax_in_bounds", {"tax_rate": "100.00", "tax_amount": "-0.01"}),
    ("line_units_not_negative", {"shipped_quantity": -1, "returned_quantity": -1}),
    ("line_units_not_negative", {"canceled_quantity": -1}),
    ("line_units_not_negative", {"returned_quantity": -1}),
    ("line_units_within_quantity", {"shipped_quantity": 3}),
    ("line_units_within_quantity", {"shipped_quantity": 1, "canceled_quantity": 2}),
    ("line_units_returned_within_shipped", {"shipped_quantity": 1, "returned_quantity": 2}),
]
CHARGE_CHECKS: list[tuple[str, dict[str, Any]]] = [
    ("charge_type_known", {"type": "gift"}),
    ("charge_in_bounds", {"tax_rate": "-0.01"}),
    ("charge_in_bounds", {"tax_rate": "100.01"}),
]
CHANGED: dict[str, Any] = {"type": "changed", "from_status": "pending"}
KEYS: list[tuple[type[models.Model], str, str, dict[str, Any]]] = [
    (Order, "order_once_per_key", "client_id, .*idempotency_key", {"idempotency_key": "other"}),
    (OrderLine, "line_once_per_price", "order_id, .*product_id, .*unit_price", {"unit_price": 4}),
    (OrderEvent, "event_once", "order_id, .*type", CHANGED | {"version": 2}),
    (OrderEvent, "event_once_per_version", "order_id, .*version", CHANGED | {"version": 2}),
]
"""A table, its unique constraint, the constraint's columns, and a change that satisfies it."""

STATUSES = ("", "pending", "shipped", "delivered", "canceled")
LEGAL = {
    ("placed", "", "pending"),
    ("changed", "pending", "pending"),
    ("changed", "pending", "shipped"),
    ("changed", "pending", "delivered"),
    ("shipped", "pending", "shipped"),
    ("shipped", "pending", "pending"),
    ("delivered", "shipped", "delivered"),
    ("delivered", "shipped", "shipped"),
    ("delivered", "pending", "pending"),
    ("canceled", "pending", "canceled"),
    ("canceled", "pending", "pending"),
    ("canceled", "pending", "shipped"),
    ("canceled", "pending", "delivered"),
    ("confirmed", "pending", "pending"),
    ("revived", "canceled", "pending"),
    *(
        (kind, status, status)
        for kind in ("paid", "refunded", "returned")
        for status in ("pending", "shipped", "delivered", "canceled")
        if (kind, status) != ("returned", "canceled")  # nothing was shipped of it
    ),
}


@pytest.fixture
def order() -> Order:
    return make_order(line(make_product().id, 2), key="k")


def execute(sql: str, *params: Any) -> None:
    """Execute a statement as a transaction of its own, foreign keys included."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, params)
        connection.check_constraints()


def insert_like(row: models.Model, **changes: Any) -> None:
    """Insert a copy of a row with these changes, past the models."""
    fields: list[Field[Any, Any]] = [field for field in row._meta.fields if not field.primary_key]
    columns = [str(field.column) for field in fields]
    values = ", ".join("%s" if name in changes else name for name in columns)
    table = row._meta.db_table
    execute(
        f"INSERT INTO {table} ({', '.join(columns)}) "  # noqa: S608 - names, not values
        f"SELECT {values} FROM {table} WHERE id = %s",
        *(changes[name] for name in columns if name in changes),
        row.pk,
    )


def test_every_constraint_has_a_case_here() -> None:
    checks = ORDER_CHECKS + LINE_CHECKS + CHARGE_CHECKS
    tested = {name for name, _ in checks} | {name for _, name, *_ in KEYS}
    models = (Order, OrderLine, OrderCharge, OrderEvent)
    declared = [each.name for model in models for each in model._meta.constraints]
    assert {*tested, "event_is_legal"} == set(declared)


@pytest.mark.parametrize(("name", "wrong"), ORDER_CHECKS)
def test_an_order_that_breaks_a_rule_is_refused(
    name: str, wrong: dict[str, Any], order: Order
) -> None:
    with pytest.raises(IntegrityError, match=name):
        insert_like(order, **{"idempotency_key": "other"} | wrong)
    assert Order.objects.get() == order


@pytest.mark.parametrize(("name", "wrong"), LINE_CHECKS)
def test_a_line_that_breaks_a_rule_is_refused(
    name: str, wrong: dict[str, Any], order: Order
) -> None:
    with pytest.raises(IntegrityError, match=name):
        insert_like(order.lines.get(), **{"unit_price": "1.00"} | wrong)
    assert OrderLine.objects.count() == 1


@pytest.mark.parametrize(("name", "wrong"), CHARGE_CHECKS)
def test_a_charge_that_breaks_a_rule_is_refused(
    name: str, wrong: dict[str, Any], order: Order
) -> None:
    charge = OrderCharge.objects.create(order=order, type="fee", amount="-1.00")
    insert_like(charge, tax_rate="100.00", tax_amount="-1.00")
    with pytest.raises(IntegrityError, match=name):
        insert_like(charge, **wrong)
    assert OrderCharge.objects.count() == 2


@pytest.mark.parametrize(
    ("model", "wrong"),
    [
        (OrderCharge, {"amount": "1000000000000.00"}),
        (OrderCharge, {"tax_amount": "-1000000000000.00"}),
        (Order, {"idempotency_key": "other", "total": "1000000000000.00"}),
        (Order, {"idempotency_key": "other", "paid": "10000000000000.00"}),
        (OrderLine, {"unit_price": "100000000.00"}),
    ],
)
def test_money_beyond_its_column_is_refused(
    model: type[models.Model], wrong: dict[str, Any], order: Order
) -> None:
    """By its type on PostgreSQL, by a CHECK on SQLite, whose decimals are wider."""
    OrderCharge.objects.create(order=order, type="fee", amount="1.00")
    row = model._default_manager.get()
    error = DataError if connection.vendor == "postgresql" else IntegrityError
    with pytest.raises(error):
        insert_like(row, **wrong)
    assert model._default_manager.get() == row


@pytest.mark.parametrize(("model", "name", "columns", "other"), KEYS)
def test_what_is_there_once(
    model: type[models.Model], name: str, columns: str, other: dict[str, Any], order: Order
) -> None:
    row = model._default_manager.get()
    same: dict[str, Any] = {}
    if model is OrderEvent:  # the other key is another
        same = {"version": 2} if name == "event_once" else CHANGED
    # SQLite names the columns instead of a constraint that has no condition.
    with pytest.raises(IntegrityError, match=f"{name}|UNIQUE .*{columns}"):
        insert_like(row, **same)
    insert_like(row, **other)
    assert model._default_manager.count() == 2


@pytest.mark.parametrize("to_status", STATUSES)
@pytest.mark.parametrize("from_status", STATUSES)
def test_an_event_is_a_legal_step(from_status: str, to_status: str, order: Order) -> None:
    placed = order.events.get()
    legal = {step for step in LEGAL if step[1:] == (from_status, to_status)}
    for version, kind in enumerate(OrderEvent.Type.values, 2):
        step: dict[str, Any] = {"type": kind, "from_status": from_status, "to_status": to_status}
        step["version"] = version
        if (kind, from_status, to_status) not in legal:
            # That it was placed before, SQLite finds first.
            rule = "event_is_legal|UNIQUE" if kind == "placed" else "event_is_legal"
            with pytest.raises(IntegrityError, match=rule):
                insert_like(placed, **step)
        elif kind != "placed":  # the order has been placed
            insert_like(placed, **step)
    assert {*OrderEvent.objects.values_list("type", "from_status", "to_status")} == {
        ("placed", "", "pending"),
        *legal,
    }


def test_events_from_before_have_no_version(order: Order) -> None:
    for _ in range(2):
        insert_like(order.events.get(type="placed"), **CHANGED | {"version": None})
    assert order.events.count() == 3


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE orders_orderevent SET actor = 'x'",
        "DELETE FROM orders_orderevent",
        *(
            ["TRUNCATE orders_orderevent", "TRUNCATE orders_order CASCADE"]
            if connection.vendor == "postgresql"
            else [
                "REPLACE INTO orders_orderevent SELECT * FROM orders_orderevent",
                REPLACE_ALL_BUT_ID,
            ]
        ),
    ],
)
def test_the_history_is_append_only(sql: str, order: Order) -> None:
    connection.check_constraints()  # PostgreSQL truncates no table that still waits for its checks
    with pytest.raises(IntegrityError, match="orders_orderevent is append-only"):
        execute(sql)
    assert order.events.get().actor == "client:1"


@pytest.mark.parametrize("table", ["orders_order", "products_product", "accounts_client"])
def test_what_others_refer_to_cannot_be_deleted(table: str, order: Order) -> None:
    with pytest.raises(IntegrityError):
        execute(f"DELETE FROM {table}")  # noqa: S608
    assert Order.objects.get() == order


@pytest.mark.parametrize("column", ["order_id", "product_id"])
def test_a_line_belongs_to_an_order_and_a_product(column: str, order: Order) -> None:
    with pytest.raises(IntegrityError):
        insert_like(order.lines.get(), **{column: NOBODYS_ID})
    assert OrderLine.objects.count() == 1


def test_orders_are_visible_to_their_client_and_to_managers(order: Order) -> None:
    visible = Order.objects.visible_to
    assert visible(order.client_id, manages=False).get() == order
    assert visible(order.client_id + 1, manages=False).count() == 0
    assert visible(order.client_id + 1, manages=True).get() == order


def test_with_product_finds_an_order_once(order: Order) -> None:
    mug, pen = make_product(), make_product()
    both = make_order(line(mug.id), line(mug.id, 1, unit_price=Decimal(1)), line(pen.id))
    assert list(Order.objects.with_product(mug.id)) == [both]
    assert list(Order.objects.with_product(NOBODYS_ID)) == []


def test_str() -> None:
    mug, pen = make_product(), make_product(name="Pen")
    order = make_order(line(mug.id, 2))
    assert str(order) == f"Order #{order.pk} - Blue Mug"
    several = make_order(line(pen.id), line(mug.id), line(pen.id, 1, unit_price=Decimal(1)))
    assert str(several) == f"Order #{several.pk} - Pen and 2 more"
    assert str(order.lines.get()) == "2 × Blue Mug"
    assert str(order.events.get()) == "placed by client:1"


def test_lines_read_with_their_order_are_exactly_the_rows(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    name = "Blue “Mug” \U0001f375 'a' \\ %s"
    dear = make_product(name=name, sku='"%%"', price="99999999.99", stock=2)
    order = make_order(
        line(make_product(price="0.10").id, 3, path="lines.0"), line(dear.id, path="lines.1")
    )
    expected = list(OrderLine.objects.filter(order=order).order_by("pk").values())
    with django_assert_num_queries(1):
        read = Order.objects.with_lines().get(pk=order.pk)
        lines = list(read.lines.all())
        assert str(read) == f"Order #{order.pk} - Blue Mug and 1 more"
    columns = [field.attname for field in OrderLine._meta.concrete_fields]
    assert [{name: getattr(each, name) for name in columns} for each in lines] == expected
    assert [str(each.unit_price) for each in lines] == ["0.10", "99999999.99"]
    lines[0].quantity = 4
    lines[0].save()  # they are rows of the table, not new ones
    assert OrderLine.objects.count() == 2


def test_an_order_without_lines_has_none_to_read() -> None:
    order = make_order(line(make_product().id))
    order.lines.all().delete()
    assert list(Order.objects.with_lines().get(pk=order.pk).lines.all()) == []
