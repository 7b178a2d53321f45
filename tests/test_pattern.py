"""The calls of the original design, with their names and positional arguments.

docs/explanation/pattern.md says which of its points is held by which of these tests.
"""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.db.models import ProtectedError
from django.urls import resolve
from pytest_django import DjangoAssertNumQueries
from rest_framework.serializers import BaseSerializer, ModelSerializer

from apps.orders.apps import OrdersConfig
from apps.orders.exceptions import AmbiguousName, IllegalTransition, InvalidOrder, OutOfStock
from apps.orders.microservice_communication import (
    ProductSnapshot,
    get_product_by_id,
    get_products_by_name,
)
from apps.orders.models import Order, OrderLine
from apps.orders.serializers import OrderSerializer
from apps.orders.views import OrderCreateView
from apps.payments.apps import PaymentsConfig
from apps.payments.microservice_communication import currencies_of_orders
from apps.payments.models import Payment
from apps.payments.operations import Money, record_payment
from apps.products.models import Product
from conftest import Api

ROOT = Path(__file__).resolve().parent.parent

pytestmark = pytest.mark.django_db


@pytest.fixture
def mug() -> Product:
    return Product.create_product("Blue Mug", "Holds tea.", Decimal("9.99"), 10)


@pytest.fixture
def pot() -> Product:
    return Product.create_product("Tea Pot", "Makes tea.", "24.50", 3)


def place(product_name: str, quantity: int) -> Order:
    order = Order.create_order(product_name, quantity)
    assert order is not None
    return order


def stock(*products: Product) -> list[int]:
    return [Product.objects.get(pk=product.pk).stock_quantity for product in products]


def ledger(product: Product) -> list[tuple[int, str]]:
    """The product's movements, oldest first."""
    return list(product.movements.order_by("pk").values_list("delta", "reason"))


# The model of products


def test_create_product(mug: Product) -> None:
    saved = Product.objects.get()
    assert saved == mug
    assert (saved.name, saved.description) == ("Blue Mug", "Holds tea.")
    assert (saved.price, saved.stock_quantity) == (Decimal("9.99"), 10)
    assert ledger(mug) == [(10, "received")]


def test_update_product_sets_what_is_passed_and_nothing_else(mug: Product) -> None:
    mug.update_product(name="Red Mug", price=Decimal("8.50"))
    for product in (mug, Product.objects.get()):
        assert (product.name, product.description) == ("Red Mug", "Holds tea.")
        assert (product.price, product.stock_quantity) == (Decimal("8.50"), 10)


def test_update_product_to_zero_and_to_the_empty_string(mug: Product) -> None:
    mug.update_product(description="", price=Decimal(0), stock_quantity=0)
    for product in (mug, Product.objects.get()):
        assert (product.description, product.stock_quantity) == ("", 0)
        assert product.price == Decimal(0)
    assert ledger(mug) == [(10, "received"), (-10, "counted")]


def test_update_product_takes_positional_arguments(mug: Product) -> None:
    mug.update_product("Red Mug", "Holds coffee.", "8.50", 4)
    saved = Product.objects.get()
    assert (saved.name, saved.description) == ("Red Mug", "Holds coffee.")
    assert (saved.price, saved.stock_quantity) == (Decimal("8.50"), 4)


def test_str_of_a_product(mug: Product) -> None:
    assert str(mug) == "Blue Mug"


# The model of orders


def test_create_order_takes_stock(mug: Product) -> None:
    order = place("Blue Mug", 2)
    assert (order.status, order.total) == ("pending", Decimal("19.98"))
    assert [(line.product_id, line.quantity) for line in order.lines.all()] == [(mug.pk, 2)]
    assert stock(mug) == [8]
    assert ledger(mug) == [(10, "received"), (-2, "sold")]


def test_create_order_is_none_where_no_product_has_the_name(mug: Product) -> None:
    assert Order.create_order("Blue", 1) is None
    assert Order.create_order("blue mug", 1) is None
    assert (Order.objects.count(), stock(mug)) == (0, [10])


def test_create_order_never_mixes_up_products_that_share_a_name(mug: Product) -> None:
    twin = Product.create_product("Blue Mug", "Another one.", "1.00", 10)
    with pytest.raises(AmbiguousName):
        Order.create_order("Blue Mug", 1)
    assert (Order.objects.count(), stock(mug, twin)) == (0, [10, 10])


@pytest.mark.parametrize(
    ("quantity", "error"), [(0, InvalidOrder), (-1, InvalidOrder), (11, OutOfStock)]
)
def test_create_order_refuses_a_quantity(
    mug: Product, quantity: int, error: type[Exception]
) -> None:
    with pytest.raises(error):
        Order.create_order("Blue Mug", quantity)
    assert (Order.objects.count(), stock(mug)) == (0, [10])


def test_update_order(mug: Product) -> None:
    order = place("Blue Mug", 2)
    order.update_order(quantity=5, status="shipped")
    for each in (order, Order.objects.get()):
        assert (each.status, each.total) == ("shipped", Decimal("49.95"))
        assert [line.quantity for line in each.lines.all()] == [5]
    assert stock(mug) == [5]


def test_update_order_to_zero_is_refused_and_changes_nothing(mug: Product) -> None:
    order = place("Blue Mug", 2)
    with pytest.raises(InvalidOrder):
        order.update_order(quantity=0, status="shipped")
    saved = Order.objects.get()
    assert (saved.status, saved.version, saved.lines.get().quantity) == ("pending", 1, 2)
    assert stock(mug) == [8]


def test_update_order_moves_the_stock_of_both_products(mug: Product, pot: Product) -> None:
    order = place("Blue Mug", 2)
    order.update_order(product_id=pot.pk)
    assert str(order) == f"Order #{order.pk} - Tea Pot"
    assert order.total == Decimal("49.00")
    assert stock(mug, pot) == [10, 1]
    assert ledger(mug) == [(10, "received"), (-2, "sold"), (2, "released")]
    assert ledger(pot) == [(3, "received"), (-2, "sold")]


def test_the_four_statuses() -> None:
    assert Order.Status.values == ["pending", "shipped", "delivered", "canceled"]


@pytest.mark.parametrize(
    ("path", "left"), [(["shipped", "delivered"], 8), (["canceled"], 10), (["canceled"] * 2, 10)]
)
def test_statuses_move_forward(mug: Product, path: list[str], left: int) -> None:
    order = place("Blue Mug", 2)
    for status in path:
        order.update_order(status=status)
        assert order.status == status
    assert stock(mug) == [left]


@pytest.mark.parametrize("status", ["delivered", "lost", ""])
def test_statuses_do_not_leap(mug: Product, status: str) -> None:
    order = place("Blue Mug", 2)
    with pytest.raises(IllegalTransition):
        order.update_order(quantity=5, status=status)
    saved = Order.objects.get()
    assert (saved.status, saved.lines.get().quantity) == ("pending", 2)
    assert stock(mug) == [8]


def test_str_of_an_order(mug: Product) -> None:
    order = place("Blue Mug", 2)
    assert str(order) == f"Order #{order.pk} - Blue Mug"


def test_one_database_holds_the_relation(mug: Product) -> None:
    with connection.cursor() as cursor:
        table = OrderLine._meta.db_table
        constraints = connection.introspection.get_constraints(cursor, table).values()
    assert ("products_product", "id") in [each["foreign_key"] for each in constraints]


def test_a_product_with_orders_cannot_be_deleted(mug: Product) -> None:
    place("Blue Mug", 2)
    with pytest.raises(ProtectedError), transaction.atomic():
        mug.delete()
    assert (Product.objects.count(), OrderLine.objects.count()) == (1, 1)


# The communication module


def test_get_products_by_name(mug: Product, pot: Product) -> None:
    assert [str(product) for product in get_products_by_name("MUG")] == ["Blue Mug"]
    assert [product.id for product in get_products_by_name()] == [mug.pk, pot.pk]
    assert list(get_products_by_name("cup")) == []


@pytest.mark.usefixtures("mug", "pot")
def test_get_products_by_name_is_lazy(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(0):
        products = get_products_by_name(name_filter="t")
    with django_assert_num_queries(1):
        assert [product.name for product in products] == ["Tea Pot"]
        assert (len(products), products[0].name) == (1, "Tea Pot")


def test_get_product_by_id(mug: Product, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(1):
        assert get_product_by_id(mug.pk) == ProductSnapshot(
            id=mug.pk,
            sku=mug.sku,
            name="Blue Mug",
            price=Decimal("9.99"),
            stock_quantity=10,
            is_active=True,
        )
    assert get_product_by_id(mug.pk + 1) is None


def test_what_crosses_over_cannot_be_changed(mug: Product) -> None:
    snapshot = get_product_by_id(mug.pk)
    with pytest.raises(AttributeError):
        snapshot.stock_quantity = 99  # type: ignore[union-attr, misc]


# A service that the other does not know


def test_orders_does_not_know_payments() -> None:
    assert "payments" not in OrdersConfig.depends_on
    assert "orders" in PaymentsConfig.depends_on
    modules = (ROOT / "apps/orders").rglob("*.py")
    own = [path for path in modules if "tests" not in path.parts]
    assert len(own) > 30
    assert [path for path in own if "apps.payments" in path.read_text()] == []


def test_payments_reads_an_order_by_one_query(
    mug: Product, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    order = place(mug.name, 2)
    with django_assert_num_queries(1):
        assert currencies_of_orders(ids=[order.pk], client_id=None) == {order.pk: "EUR"}


def test_a_payment_and_what_is_paid_commit_together(mug: Product) -> None:
    order, money = place(mug.name, 2), Money(amount=Decimal(5), method="cash")
    with transaction.atomic():
        record_payment(order_id=order.pk, money=money, actor="x", idempotency_key="a")
        assert (Order.objects.get().paid, Payment.objects.count()) == (Decimal(5), 1)
        transaction.set_rollback(True)
    assert (Order.objects.get().paid, Payment.objects.count()) == (Decimal(0), 0)


def test_orders_say_nothing_of_money_that_nobody_keeps(
    mug: Product, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = {"product_id": mug.pk, "quantity": 2}
    kept = api.post("orders/", sent).json
    monkeypatch.setattr(PaymentsConfig, "provides", ())
    not_kept = api.post("orders/", sent).json
    assert (kept["paid"], kept["payment_status"]) == ("0.00", "unpaid")
    assert (not_kept["paid"], not_kept["payment_status"]) == (None, None)


def test_reconcile_asks_both(mug: Product, capsys: pytest.CaptureFixture[str]) -> None:
    order = place(mug.name, 2)
    Order.objects.update(total=1, paid=1)
    with pytest.raises(SystemExit):
        call_command("reconcile")
    assert capsys.readouterr().out.splitlines() == [
        f"Order {order.pk}: its total is 1.00, but its lines sum to 19.98.",
        f"Order {order.pk}: 1.00 is paid, but its payments sum to 0.00.",
        "2 discrepancies.",
    ]


# The serializer


def test_order_serializer_is_its_own() -> None:
    assert issubclass(OrderSerializer, BaseSerializer)
    assert not issubclass(OrderSerializer, ModelSerializer)
    assert {"create", "update"} <= vars(OrderSerializer).keys()


def test_order_serializer_creates(mug: Product) -> None:
    serializer = OrderSerializer(data={"product_id": mug.pk, "quantity": 2})
    assert serializer.is_valid()
    assert serializer.validated_data == {"product_id": mug.pk, "quantity": 2}
    serializer.save()
    order = Order.objects.get()
    assert (serializer.data["id"], serializer.data["status"]) == (order.pk, "pending")
    assert (serializer.data["product_id"], serializer.data["quantity"]) == (mug.pk, 2)
    assert serializer.data == OrderSerializer(order).data
    assert stock(mug) == [8]


def test_order_serializer_updates(mug: Product) -> None:
    order = place("Blue Mug", 2)
    serializer = OrderSerializer(order, data={"quantity": 3}, partial=True)
    assert serializer.is_valid()
    assert serializer.save() == order
    assert serializer.data["quantity"] == 3
    assert stock(mug) == [7]


@pytest.mark.parametrize(
    ("data", "errors"),
    [
        ({}, {"product_id": ["This field is required."], "quantity": ["This field is required."]}),
        (
            {"product_id": 1, "quantity": 0},
            {"quantity": ["Expected a whole number from 1 to 1000000."]},
        ),
        (
            {"product_id": "1", "quantity": 1, "price": 1},
            {
                "product_id": ["Expected a whole number from 1."],
                "price": ["There is no such field."],
            },
        ),
    ],
)
def test_order_serializer_tells_all_errors(data: Any, errors: dict[str, list[str]]) -> None:
    serializer = OrderSerializer(data=data)
    assert not serializer.is_valid()
    assert serializer.errors == errors


# The view and its address


def test_order_create_view_answers_201_and_the_order(mug: Product, api: Api) -> None:
    answer = api.post("orders/", {"product_id": mug.pk, "quantity": 2})
    assert answer.status == 201
    order = Order.objects.get()
    assert api.get(f"orders/{order.pk}/").json == answer.json
    assert (answer.json["id"], answer.json["quantity"]) == (order.pk, 2)
    assert stock(mug) == [8]


def test_order_create_view_answers_400_and_the_errors(mug: Product, api: Api) -> None:
    answer = api.post("orders/", {"product_id": mug.pk, "quantity": "two"})
    assert answer.error == (
        400,
        "invalid",
        {"quantity": ["Expected a whole number from 1 to 1000000."]},
    )
    assert (Order.objects.count(), stock(mug)) == (0, [10])


def test_order_create_view_is_at_orders() -> None:
    view: Callable[..., Any] = resolve("/api/v1/orders/").func
    assert issubclass(view.view_class, OrderCreateView)  # type: ignore[attr-defined]
