"""What the database refuses to write about shipments and returns."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, models, transaction

from apps.orders.microservice_communication import ProductSnapshot
from apps.orders.models import (
    Cancellation,
    Delivery,
    Order,
    Return,
    ReturnLine,
    ReturnReason,
    Shipment,
    ShipmentLine,
    Tracking,
)
from apps.orders.operations import cancel_order
from apps.orders.tests.factories import execute, line, make_order
from apps.orders.tests.parcels import give_back, ship, units
from apps.orders.tests.product_rows import make_product

pytestmark = pytest.mark.django_db

ROWS = (Shipment, ShipmentLine, Delivery, Cancellation, Return, ReturnLine)
WRONG: list[tuple[type[models.Model], str, dict[str, Any]]] = [
    (Shipment, "shipment_once_per_version|UNIQUE", {"idempotency_key": "other"}),
    (Shipment, "shipment_once_per_key|UNIQUE", {"version": 9}),
    (ShipmentLine, "shipment_line_once|UNIQUE", {}),
    (Cancellation, "cancellation_once_per_key|UNIQUE", {"version": 9}),
    (Return, "return_once_per_version|UNIQUE", {"idempotency_key": "other"}),
    (Return, "return_once_per_key|UNIQUE", {"version": 9}),
    (
        Return,
        "return_credit_in_bounds",
        {"version": 9, "idempotency_key": "other", "credit": "-0.01"},
    ),
    (ReturnLine, "return_line_of_goods_or_charges", {"quantity": 0}),
    (ReturnLine, "return_line_of_goods_or_charges", {"line_id": None}),
    (
        ReturnLine,
        "return_line_of_goods_or_charges",
        {"line_id": None, "quantity": 0, "is_restocked": False, "credit": 0},
    ),
    (
        ReturnLine,
        "return_line_of_goods_or_charges",
        {"line_id": None, "quantity": 0, "is_restocked": True, "credit": 1},
    ),
    (ReturnLine, "return_line_credit_in_bounds", {"credit": "-0.01"}),
]
"""A table, what refuses a copy of its row, and what the copy changes."""


@pytest.fixture
def mug() -> ProductSnapshot:
    return make_product(price="10.00")


@pytest.fixture
def order(mug: ProductSnapshot) -> Order:
    """Three units: one was shipped, delivered and returned, one canceled, one is open."""
    order = make_order(line(mug.id, 3))
    unit = order.lines.get().pk
    shipment_id = ship(order, {unit: 1}, idempotency_key="a")
    Delivery.objects.create(shipment_id=shipment_id, actor="x", created_at=order.created_at)
    Tracking.objects.create(shipment_id=shipment_id, carrier="DHL")
    give_back(order, {unit: 1}, reason="Too small")
    cancel_order(order_id=order.pk, actor="x", lines=units({unit: 1}), idempotency_key="a")
    return order


def copy(row: models.Model, **changes: Any) -> None:
    """Write a copy of a row as a transaction of its own, foreign keys included."""
    values = {
        field.attname: getattr(row, field.attname)
        for field in row._meta.concrete_fields
        if not field.primary_key
    }
    with transaction.atomic():
        type(row)._default_manager.create(**values | changes)
        connection.check_constraints()


def test_every_constraint_has_a_case_here() -> None:
    tested = {rule.partition("|")[0] for _, rule, _ in WRONG}
    tested |= {"return_charges_once", "shipment_line_quantity_in_bounds"}
    assert tested == {each.name for model in ROWS for each in model._meta.constraints}


@pytest.mark.parametrize(("model", "rule", "changes"), WRONG)
def test_a_row_that_breaks_a_rule(
    model: type[models.Model], rule: str, changes: dict[str, Any], order: Order
) -> None:
    with pytest.raises(IntegrityError, match=rule):
        copy(model._default_manager.get(), **changes)
    assert model._default_manager.count() == 1


@pytest.mark.parametrize("quantity", [0, -1, 1_000_001])
def test_a_line_of_a_shipment_has_units(quantity: int, order: Order) -> None:
    other = make_order(line(make_product().id)).lines.get().pk
    copy(ShipmentLine.objects.get(), line_id=other, quantity=1_000_000)
    with pytest.raises(IntegrityError, match="shipment_line_quantity_in_bounds"):
        copy(ShipmentLine.objects.earliest("pk"), line_id=other + 1, quantity=quantity)
    assert ShipmentLine.objects.count() == 2


def test_charges_are_credited_once_in_a_return(order: Order) -> None:
    row = ReturnLine.objects.get()
    of_charges: dict[str, Any] = {"line_id": None, "quantity": 0, "is_restocked": False}
    copy(row, **of_charges | {"credit": Decimal(1)})
    with pytest.raises(IntegrityError, match=r"return_charges_once|UNIQUE"):
        copy(row, **of_charges | {"credit": Decimal(2)})
    assert ReturnLine.objects.count() == 2


@pytest.mark.parametrize("model", ROWS)
@pytest.mark.parametrize(
    "statement", ["UPDATE {table} SET {column} = {column}", "DELETE FROM {table}"]
)
def test_rows_are_only_ever_added(model: type[models.Model], statement: str, order: Order) -> None:
    table, column = model._meta.db_table, model._meta.concrete_fields[-1].column
    with pytest.raises(IntegrityError, match=f"{table} is append-only"), transaction.atomic():
        execute(statement.format(table=table, column=column))
    assert model._default_manager.count() == 1


@pytest.mark.parametrize("model", [Tracking, ReturnReason])
def test_what_may_be_personal_can_be_erased(model: type[models.Model], order: Order) -> None:
    """No other row of shipments and returns has a text of people."""
    assert model._default_manager.all().delete()[0] == 1
    texts = {
        (each.__name__, field.name)
        for each in ROWS
        for field in each._meta.concrete_fields
        if isinstance(field, models.CharField | models.TextField | models.JSONField)
    }
    named = {"actor", "idempotency_key", "fingerprint"}
    assert {field for _, field in texts} == named


def _delete_lines(order: Order) -> None:
    with transaction.atomic():
        order.lines.all().delete()
        connection.check_constraints()


def test_a_line_that_was_shipped_is_never_deleted(order: Order) -> None:
    with pytest.raises(IntegrityError):
        _delete_lines(order)
    assert order.lines.count() == 1


def test_str(order: Order) -> None:
    shipment, back = Shipment.objects.get(), Return.objects.get()
    unit = order.lines.get().pk
    assert str(shipment) == f"Shipment #{shipment.pk} of order #{order.pk}"
    assert str(shipment.lines.get()) == f"1 of line {unit}"
    assert str(shipment.delivery) == f"Delivery of shipment #{shipment.pk}"
    assert str(shipment.tracking) == "DHL "
    assert str(back) == f"Return #{back.pk} of order #{order.pk}"
    assert str(order.cancellations.get()) == f"Cancellation of order #{order.pk}"
    assert str(back.lines.get()) == f"1 of line {unit}"
    assert str(ReturnReason.objects.get()) == "Too small"
