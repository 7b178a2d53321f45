"""`manage.py seed_demo` makes a realistic shop whose books balance."""

from collections import Counter
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from apps.orders import first_run
from apps.orders.demo import seed_shop
from apps.orders.microservice_communication import get_products_by_name
from apps.orders.models import (
    Delivery,
    Order,
    OrderEvent,
    OrderLine,
    Return,
    ReturnLine,
    Shipment,
    Tracking,
)
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
    assert Order.objects.filter(canceled_because="expired").count() == 3
    assert OrderEvent.objects.filter(type="confirmed").count() == 22
    assert sweep_expired_holds() == 2


def test_some_orders_leave_in_two_parcels_some_in_part_and_some_units_come_back() -> None:
    seed_shop(seed=3)
    parcels = Counter(Shipment.objects.values_list("order", flat=True))
    assert Counter(parcels.values()) == {1: 164, 2: 15}
    waiting = Order.objects.get(partly_shipped=True)
    assert (waiting.reference, waiting.status, parcels[waiting.pk]) == ("WEB-1016", "pending", 1)
    # Most can be followed, and most have arrived.
    counted = [model.objects.count() for model in (Shipment, Tracking, Delivery)]
    assert counted == [194, 161, 175]
    numbers = Tracking.objects.values_list("tracking_number", flat=True)
    assert len(set(numbers)) == 161
    assert OrderLine.objects.filter(canceled_quantity=1).count() == 9
    goods = ReturnLine.objects.filter(quantity=1)
    assert Counter(goods.values_list("is_restocked", "reason__text")) == {
        (True, "Not as expected"): 3,
        (True, "Too small"): 4,
        (False, "Arrived broken"): 3,
    }
    assert ReturnLine.objects.filter(line=None).count() == 3
    assert Order.objects.filter(credited__gt=0).count() == 10


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
    for each in (*Shipment.objects.all(), *Return.objects.all()):
        events = list(orders[f"order:{each.order_id}"].events.all())
        assert each.created_at == events[each.version - 1].created_at
    for delivery in Delivery.objects.select_related("shipment"):
        events = list(orders[f"order:{delivery.shipment.order_id}"].events.all())
        told = [event for event in events if delivery.pk in event.data.get("shipment_ids", ())]
        assert [event.created_at for event in told] == [delivery.created_at]
        assert delivery.created_at > delivery.shipment.created_at
    products_created = max(row["created_at"] for row in rows_of(PRODUCT))
    assert products_created < min(order.created_at for order in orders.values())
    moved = [row for row in rows_of(MOVEMENT) if row["reference"]]
    assert {row["reason"] for row in moved} == {"sold", "released", "shipped", "returned"}
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
