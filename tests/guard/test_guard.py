"""One service at another's tables, in several disguises: what the guard catches, and what not."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.db import connection, models, transaction
from django.db.models import Exists, F, OuterRef, Prefetch, ProtectedError, Subquery

from apps.accounts.models import Client
from apps.orders.models import Order, OrderLine
from apps.orders.tests.factories import line, make_order
from apps.orders.tests.product_rows import make_product
from apps.products.models import Product
from monoservices.database.engines import engine
from monoservices.database.statements import enqueue
from tests.guard.standing import COMMUNICATION, OF_PRODUCTS, VIEWS, standing_in

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("order")]

Refused = Callable[..., str]


@pytest.fixture
def order(transactional_db: None) -> Order:
    """An order of three blue mugs of ten, the only order and the only product there are."""
    return make_order(line(make_product(name="Blue Mug", stock=10).id, 3))


def _all_products() -> Any:
    return Product.objects.all()


def _raw_sql() -> None:
    with connection.cursor() as cursor:
        cursor.execute("select name from products_product")


def _many_at_once() -> None:
    with connection.cursor() as cursor:
        cursor.executemany("UPDATE Products_Product SET name = %s", [("a",), ("b",)])


def _model_from_a_variable() -> None:
    label = "products"
    apps.get_model(label, "Product")._default_manager.count()


@pytest.mark.parametrize(
    "function",
    [
        lambda: list(Product.objects.all()),
        lambda: Product.objects.filter(name="Blue Mug").exists(),
        lambda: Product.objects.update(name="Red Mug"),
        lambda: Product.objects.all().delete(),
        lambda: Product(name="Red Mug", sku="R", price=Decimal(1)).save(),
        lambda: list(Product.objects.raw("SELECT * FROM products_product")),
        lambda: list(Product.objects.iterator()),
        lambda: OrderLine.objects.get().product.name,
        lambda: list(OrderLine.objects.filter(product__name="Blue Mug")),
        lambda: list(OrderLine.objects.select_related("product")),
        lambda: list(OrderLine.objects.prefetch_related("product")),
        lambda: list(OrderLine.objects.prefetch_related(Prefetch("product", _all_products()))),
        lambda: list(OrderLine.objects.values("product__name")),
        lambda: list(OrderLine.objects.annotate(name=F("product__name"))),
        lambda: list(OrderLine.objects.order_by("product__name")),
        lambda: list(OrderLine.objects.annotate(n=Subquery(Product.objects.values("name")[:1]))),
        lambda: list(Order.objects.filter(Exists(Product.objects.filter(pk=OuterRef("pk"))))),
        lambda: OrderLine.objects.get().full_clean(),
        _raw_sql,
        _many_at_once,
        _model_from_a_variable,
    ],
)
def test_a_service_at_a_table_of_another(refused: Refused, function: Callable[[], object]) -> None:
    what = refused(standing_in(VIEWS, function))
    assert what.startswith("tests/guard/test_guard.py:")
    place, _, verb = what.partition(" of orders ")
    assert place.endswith(f" ({function.__qualname__})")
    assert verb in {
        "reads products_product of products",
        "changes products_product of products",
    }
    assert Product.objects.get().name == "Blue Mug"


def test_a_queryset_that_leaked(refused: Refused) -> None:
    """It was made in the communication module, and is evaluated elsewhere."""
    leak = standing_in(COMMUNICATION, _all_products)
    assert "reads products_product" in refused(standing_in(VIEWS, lambda: list(leak())))


def test_a_relation_of_an_instance_that_leaked(refused: Refused) -> None:
    leak = standing_in(COMMUNICATION, lambda: Client.objects.get(name="console"))
    view = standing_in(VIEWS, lambda: list(leak().keys.all()))
    assert "reads accounts_apikey of accounts" in refused(view, other="accounts")


def test_a_communication_module_reads(order: Order) -> None:
    read = standing_in(COMMUNICATION, lambda: [each.name for each in Product.objects.all()])
    assert standing_in(VIEWS, lambda: list(read()))() == ["Blue Mug"]
    both = standing_in(COMMUNICATION, lambda: list(OrderLine.objects.select_related("product")))
    assert [each.product.name for each in both()] == ["Blue Mug"]
    with transaction.atomic():
        lock = standing_in(COMMUNICATION, lambda: list(Product.objects.select_for_update()))
        assert len(lock()) == 1


def test_a_communication_module_changes_nothing(refused: Refused) -> None:
    what = refused(standing_in(COMMUNICATION, lambda: Product.objects.update(name="Red Mug")))
    assert what.endswith("changes products_product of products, which only its owner may")
    assert Product.objects.get().name == "Blue Mug"


def test_a_communication_module_reads_only_what_is_declared(refused: Refused) -> None:
    module = "apps.products.microservice_communication"
    what = refused(
        standing_in(module, lambda: list(Order.objects.all())), service="products", other="orders"
    )
    assert what.endswith("reads orders_order of orders, which its depends_on does not name")


@pytest.mark.parametrize("module", [VIEWS, COMMUNICATION])
def test_a_service_at_its_own_tables_and_at_those_of_no_service(module: str, order: Order) -> None:
    standing_in(module, lambda: Order.objects.update(reference="changed"))()
    assert standing_in(module, lambda: list(LogEntry.objects.all()))() == []
    # What a framework's model relates to comes along with it, by a setting.
    assert standing_in(module, lambda: list(LogEntry.objects.select_related("user")))() == []
    order.refresh_from_db()
    assert order.reference == "changed"


@pytest.mark.parametrize("module", ["config.views", "django.db.models", "somewhere", "__main__"])
def test_the_project_and_libraries_are_free(module: str) -> None:
    assert standing_in(module, lambda: len(OrderLine.objects.select_related("product")))() == 1


def test_a_helper_of_the_project_runs_for_its_caller(refused: Refused) -> None:
    helper = standing_in("config.helpers", lambda: list(Product.objects.all()))
    assert "reads products_product" in refused(standing_in(VIEWS, lambda: list(helper())))


def test_a_cascade_runs_for_who_deletes(
    refused: Refused, order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    product = Product.objects.create(name="Gift", sku="G", price=1, stock_quantity=0)
    gift = order.lines.create(product=product, sku="G", unit_price=1, quantity=1)
    delete = standing_in(OF_PRODUCTS, lambda: [product.delete()])
    # Looking for what refers to the product is the database's part, which Django takes.
    with pytest.raises(ProtectedError):
        delete()
    relation = OrderLine._meta.get_field("product").remote_field
    monkeypatch.setattr(relation, "on_delete", models.CASCADE)
    what = refused(delete, service="products", other="orders")
    assert what.endswith("changes orders_orderline of orders")
    assert OrderLine.objects.filter(pk=gift.pk).exists()


@pytest.mark.parametrize("table", ["products_product", '"products_product"', "products_PRODUCT"])
def test_what_is_sent_in_a_pipelined_transaction(refused: Refused, table: str) -> None:
    def send_all() -> None:
        with engine().pipelined_transaction():
            enqueue("SELECT count(*) FROM orders_order")
            enqueue(f"UPDATE {table} SET name = CAST(%s AS text)", ["Red Mug"])  # noqa: S608

    assert "changes products_product" in refused(
        standing_in("apps.orders.placing.statements", send_all)
    )
    assert not connection.in_atomic_block
    assert Product.objects.get().name == "Blue Mug"


def test_what_was_done_before_is_rolled_back(refused: Refused) -> None:
    def change() -> None:
        with transaction.atomic():
            Order.objects.update(reference="changed")
            Product.objects.update(name="Red Mug")

    refused(standing_in(VIEWS, change))
    assert Order.objects.get().reference == ""
