"""The migration that gives shipments to orders from before shipments were kept."""

from importlib import import_module
from types import SimpleNamespace

import pytest
from django.db import connection

from apps.orders.books.audit import audit
from apps.orders.models import Delivery, Order, Shipment, ShipmentLine
from apps.orders.operations import cancel_order, deliver_order, ship_order, update_order
from apps.orders.tests.factories import execute, line, make_order
from apps.orders.tests.parcels import give_back, parts
from apps.orders.tests.product_rows import make_product
from monoservices.database.engines import engine

pytestmark = pytest.mark.django_db

MIGRATION = import_module("apps.orders.migrations.0017_shipped_before")
Rows = list[tuple[object, ...]]


def give_shipments() -> None:
    MIGRATION.give_shipments(None, SimpleNamespace(connection=connection))


def kept() -> tuple[Rows, Rows, Rows]:
    columns = ("order", "client_id", "version", "actor", "created_at", "idempotency_key")
    return (
        list(Shipment.objects.order_by("order").values_list(*columns)),
        list(ShipmentLine.objects.order_by("line").values_list("line", "quantity")),
        list(Delivery.objects.values_list("shipment__order", "actor", "created_at")),
    )


@pytest.fixture
def orders() -> dict[str, Order]:
    """One of each status, from before; and one whose version its old events do not know."""
    mug, pen = make_product(stock=50), make_product(stock=50)
    made = {name: make_order(line(mug.id, 2), line(pen.id)) for name in ("shipped", "delivered")}
    made |= {name: make_order(line(mug.id)) for name in ("pending", "canceled", "changed")}
    update_order(order_id=made["changed"].pk, quantity=3)
    for name in ("shipped", "delivered", "changed"):
        ship_order(order_id=made[name].pk, actor=f"client:{name}")
    deliver_order(order_id=made["delivered"].pk, actor="staff:ada")
    cancel_order(order_id=made["canceled"].pk, actor="x")
    return made


def forget() -> None:
    for table in ("delivery", "shipmentline", "shipment"):
        for sql in engine().append_only(f"orders_{table}", [])[1]:
            execute(sql)
        execute(f"DELETE FROM orders_{table}")  # noqa: S608 - a name
    execute("UPDATE orders_orderline SET shipped_quantity = 0")


@pytest.mark.parametrize("chunk_size", [1, 2, 100])
def test_an_order_that_was_shipped_gets_the_shipment_that_it_would_have(
    chunk_size: int, orders: dict[str, Order], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MIGRATION, "CHUNK_SIZE", chunk_size)
    expected = kept()
    assert (len(expected[0]), len(expected[1]), len(expected[2])) == (3, 5, 1)
    forget()
    assert list(audit()) != []
    for _ in range(2):  # it may be interrupted, and run again
        give_shipments()
        assert kept() == expected
    assert list(audit()) == []
    assert parts(orders["pending"]) == [(1, 0, 0, 0)]


def test_such_an_order_goes_on_as_others_do(orders: dict[str, Order]) -> None:
    forget()
    give_shipments()
    shipped = orders["shipped"]
    deliver_order(order_id=shipped.pk, actor="x")
    give_back(shipped, {shipped.lines.earliest("pk").pk: 1})
    shipped.refresh_from_db()
    assert (shipped.status, parts(shipped)) == ("delivered", [(2, 2, 0, 1), (1, 1, 0, 0)])
    assert list(audit()) == []
