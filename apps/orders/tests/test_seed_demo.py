"""`manage.py seed_demo` makes a realistic shop whose books balance."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from apps.orders import first_run
from apps.orders.demo import seed_shop
from apps.orders.microservice_communication import get_products_by_name
from apps.orders.models import Order, OrderEvent
from apps.orders.operations import sweep_expired_holds
from apps.orders.tests.product_rows import MOVEMENT, PRODUCT
from monoservices.testing.rows import rows_of

pytestmark = pytest.mark.django_db


def seeded() -> str:
    output = StringIO()
    call_command("seed_demo", stdout=output)
    return output.getvalue()


def test_the_shop_has_products_and_orders_of_a_month() -> None:
    said = seeded()
    assert said == f"{len(get_products_by_name())} products, {Order.objects.count()} orders.\n"
    assert len(get_products_by_name()) == 60
    assert 190 <= Order.objects.count() <= 206
    assert set(Order.objects.values_list("status", flat=True)) == set(Order.Status.values)
    charges = Order.objects.values_list("charges_total", flat=True)
    assert {each and str(each) for each in charges} == {None, "4.90", "2.90"}
    oldest = timezone.now() - timedelta(days=30, minutes=1)
    assert not Order.objects.filter(created_at__lt=oldest).exists()
    assert not OrderEvent.objects.filter(created_at__gt=timezone.now()).exists()


def test_some_orders_wait_for_their_payment_and_some_have_waited_in_vain() -> None:
    seed_shop(seed=3)
    now = timezone.now()
    held = Order.objects.held(True)
    assert held.filter(held_until__gt=now).count() == 4
    assert held.filter(held_until__lte=now).count() == 2
    assert Order.objects.filter(canceled_because="expired").count() == 7
    assert OrderEvent.objects.filter(type="confirmed").count() == 18
    assert sweep_expired_holds() == 2


def test_the_books_are_right() -> None:
    seeded()
    output = StringIO()
    call_command("reconcile", stdout=output)
    assert output.getvalue() == "The books are right.\n"


def test_a_shop_with_products_stays_as_it_is() -> None:
    seeded()
    orders = Order.objects.count()
    with pytest.raises(CommandError, match="There are 60 products already; nothing was done"):
        seeded()
    assert Order.objects.count() == orders


def test_an_order_has_what_a_shop_would_say_of_it() -> None:
    seed_shop(seed=3)
    order = Order.objects.order_by("pk")[0]
    assert order.reference.startswith("WEB-")
    assert order.customer_email.endswith("@example.com")
    assert sorted(order.shipping_address) == ["city", "name", "street"]
    assert order.created_at == order.events.get(type="placed").created_at


def test_everything_has_the_moment_at_which_it_happened() -> None:
    started = timezone.now()
    seed_shop(seed=3)
    orders = {f"order:{order.pk}": order for order in Order.objects.prefetch_related("events")}
    for order in orders.values():
        moments = [event.created_at for event in order.events.all()]
        assert moments == sorted(moments)
        assert moments[-1] < started
        assert (order.created_at, order.updated_at) == (moments[0], moments[-1])
    products_created = max(row["created_at"] for row in rows_of(PRODUCT))
    assert products_created < min(order.created_at for order in orders.values())
    moved = [row for row in rows_of(MOVEMENT) if row["reference"]]
    assert {row["reason"] for row in moved} == {"sold", "released", "shipped"}
    for row in moved:
        event = list(orders[row["reference"]].events.all())[row["revision"] - 1]
        assert row["created_at"] == event.created_at


def test_make_run_fills_an_empty_shop_and_no_other() -> None:
    first_run.fill()
    orders = Order.objects.count()
    first_run.fill()
    assert (len(get_products_by_name()), Order.objects.count()) == (60, orders)


def test_make_run_says_how_to_order_what_is_in_stock() -> None:
    seeded()
    on_sale = [each.id for each in get_products_by_name() if each.is_active and each.stock_quantity]
    said = first_run.first_steps(address="http://127.0.0.1:8000", key="tp_key")
    assert "curl -i http://127.0.0.1:8000/api/v1/orders/ " in said
    assert "-H 'Authorization: Bearer tp_key' " in said
    assert f'-d \'{{"product_id": {min(on_sale)}, "quantity": 1}}\'' in said


def test_make_run_shows_no_order_if_nothing_is_in_stock() -> None:
    assert first_run.first_steps(address="http://127.0.0.1:8000", key="tp_key") == ""
