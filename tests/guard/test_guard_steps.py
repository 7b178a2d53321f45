"""Steps on the call stack from one service into another: which are permitted."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import wraps
from typing import Any

import pytest
from django.core.management import BaseCommand, call_command
from django.db import transaction
from django.db.models.signals import post_save

from apps.orders import microservice_communication
from apps.orders.models import Order
from apps.orders.tests.factories import line, make_order
from apps.orders.tests.product_rows import make_product
from apps.products.models import Product
from apps.products.operations import create_product
from apps.products.stock.for_orders import read_rows
from tests.guard.standing import COMMUNICATION, OF_PRODUCTS, VIEWS, standing_in

pytestmark = pytest.mark.django_db

Refused = Callable[..., str]
PLACING = "apps.orders.placing.place"
PAST = "of products, past its own communication module"


def _create() -> Product:
    return create_product(name="Red Mug", price=Decimal(1), stock_quantity=1)


_rename = standing_in(OF_PRODUCTS, lambda: Product.objects.update(name="Red Mug"))


def test_an_operation_of_another_service(refused: Refused) -> None:
    what = refused(standing_in(PLACING, _create))
    assert what.startswith("tests/guard/test_guard_steps.py:")
    assert " (_create) of orders calls apps/products/" in what
    assert what.endswith(PAST)
    assert Product.objects.count() == 0

    write = standing_in(COMMUNICATION, _create)
    assert standing_in(PLACING, lambda: write().name)() == "Red Mug"


def test_a_method_of_an_instance_that_leaked(refused: Refused) -> None:
    make_product(name="Blue Mug")
    leaked = standing_in(COMMUNICATION, lambda: Product.objects.get(name="Blue Mug"))()
    what = refused(standing_in(VIEWS, lambda: leaked.update_product(name="Red Mug")))
    assert what.endswith(PAST)
    assert Product.objects.get().name == "Blue Mug"


def test_a_generator_that_leaked(refused: Refused) -> None:
    """Its body runs for whoever asks it for a row."""

    def rows() -> Iterator[Product]:
        yield from Product.objects.all()

    generator = standing_in(OF_PRODUCTS, rows)
    leak = standing_in(COMMUNICATION, lambda: [generator()])
    assert refused(standing_in(VIEWS, lambda: list(leak()[0]))).endswith(PAST)
    assert standing_in(COMMUNICATION, lambda: list(generator()))() == []


def test_a_service_that_is_not_declared(refused: Refused) -> None:
    read = standing_in("apps.orders.operations", lambda: len(Order.objects.all()))
    call = standing_in("apps.products.microservice_communication", lambda: [read()])
    what = refused(call, service="products", other="orders")
    assert what.endswith("of orders, which its depends_on does not name")


def test_a_function_that_the_communication_module_offers(refused: Refused) -> None:
    """`audit_stock` is in `__all__`; `read_rows` is imported for the module itself."""
    offered = standing_in(PLACING, lambda: list(microservice_communication.audit_stock()))
    assert offered() == []
    assert refused(standing_in(PLACING, lambda: list(read_rows(ids=[1])))).endswith(PAST)


def test_a_function_that_is_offered_with_a_decorator(monkeypatch: pytest.MonkeyPatch) -> None:
    offered = transaction.atomic(_rename)
    monkeypatch.setattr(microservice_communication, "sum_movements", offered)
    assert standing_in(PLACING, lambda: [offered()])() == [0]


def test_a_signal_is_a_step(refused: Refused) -> None:
    order = make_order(line(make_product().id))

    def receive(**kwargs: Any) -> None:
        Product.objects.update(name="Red Mug")

    receiver = standing_in(OF_PRODUCTS, receive)
    post_save.connect(receiver, sender=Order)
    try:
        assert refused(
            standing_in(PLACING, lambda: Order.objects.update_or_create(pk=order.pk))
        ).endswith(PAST)
    finally:
        post_save.disconnect(receiver, sender=Order)


def test_a_command_is_a_step(refused: Refused) -> None:
    class Command(BaseCommand):
        handle = standing_in(OF_PRODUCTS, lambda self, **options: str(_rename()))

    assert refused(standing_in(PLACING, lambda: call_command(Command()))).endswith(PAST)


# Steps back, and calls by who does not know whom


def test_a_step_back_is_free(refused: Refused) -> None:
    """A service that was called may call what it was given: a generator, a sort key."""

    def references() -> Iterator[str]:
        yield from Order.objects.values_list("reference", flat=True)

    given = standing_in(PLACING, references)
    count = standing_in(OF_PRODUCTS, lambda: [len(list(given())), Product.objects.count()])
    assert standing_in(COMMUNICATION, lambda: list(count()))() == [0, 0]

    # Called by nobody of orders, products has no business with it.
    refused(count, service="products", other="orders")


def test_what_steps_back_has_its_own_services_rights_only(refused: Refused) -> None:
    given = standing_in(PLACING, lambda: len(Product.objects.all()))
    call_back = standing_in(OF_PRODUCTS, lambda: [given()])
    what = refused(standing_in(COMMUNICATION, lambda: list(call_back())))
    assert what.endswith("reads products_product of products")


def test_from_a_step_back_too_one_leaves_by_the_communication_module(refused: Refused) -> None:
    given = standing_in(PLACING, lambda: [_rename()])
    call_back = standing_in(OF_PRODUCTS, lambda: list(given()))
    assert refused(standing_in(COMMUNICATION, lambda: list(call_back()))).endswith(PAST)


@pytest.mark.django_db(transaction=True)
def test_who_commits_does_not_call_what_waits_for_it() -> None:
    make_product(name="Blue Mug")
    write = standing_in(OF_PRODUCTS, lambda: transaction.on_commit(lambda: _rename() and None))
    cross = standing_in(COMMUNICATION, lambda: [write()])

    def place() -> None:
        with transaction.atomic():
            cross()

    standing_in(PLACING, place)()
    assert Product.objects.get().name == "Red Mug"


def test_a_test_sets_the_scene_in_the_midst_of_a_service() -> None:
    """What a test puts in its way runs for the test."""

    def meddle() -> int:
        return Product.objects.count()

    @wraps(meddle)
    def meddle_by_operation() -> str:
        return _create().name

    assert standing_in(PLACING, lambda: [meddle(), meddle_by_operation()])() == [0, "Red Mug"]
