import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client as Browser
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from apps.orders.microservice_communication import ProductSnapshot
from apps.orders.models import Order, OrderEvent
from apps.orders.operations import OrderChange, change_order, deliver_order, ship_order
from apps.orders.placing.requests import Charge
from apps.orders.tests.factories import line, make_order
from apps.orders.tests.product_rows import in_stock, make_product
from apps.orders.tests.staff_pages import detail, messages, state, url

pytestmark = pytest.mark.django_db

LIST = "admin:orders_order_changelist"
EVENTS = "admin:orders_orderevent_changelist"


@pytest.fixture
def mug() -> ProductSnapshot:
    """Ten blue mugs, of which `order` takes three."""
    return make_product(name="Blue Mug", price="9.50", stock=10)


@pytest.fixture
def order(mug: ProductSnapshot) -> Order:
    return make_order(
        line(mug.id, 3),
        reference="W-1",
        customer_email="ada@example.org",
        shipping_address={"city": "London"},
    )


def last_event(order: Order) -> tuple[Any, ...]:
    events = order.events.values_list("type", "from_status", "to_status", "actor", "data")
    return events.order_by("pk").last() or ()


def shown(browser: Browser, query: str = "") -> list[int]:
    """The numbers of the orders that the list shows."""
    content = browser.get(f"{reverse(LIST)}?{query}").content.decode()
    return [int(number) for number in re.findall(r'field-id"><a [^>]*>(\d+)<', content)]


def test_the_list_finds(admin_client: Browser, order: Order, mug: ProductSnapshot) -> None:
    other = make_order(line(mug.id), reference="W-2", customer_email="bob@example.org")
    ship_order(order_id=order.pk, actor="client:1")
    assert shown(admin_client) == [other.pk, order.pk]
    assert shown(admin_client, "status__exact=shipped") == [order.pk]
    assert shown(admin_client, "status__exact=canceled") == []
    for term in (order.pk, "W-1", "ada@example.org", f"+{order.pk}+"):
        assert shown(admin_client, f"q={term}") == [order.pk]
    for term in ("W", "ada", other.pk + 1, 2**63, "9" * 19, "9" * 5000, "²", "-1"):
        assert shown(admin_client, f"q={term}") == []


def test_the_page_shows_the_order_its_lines_and_its_history(
    staff: Callable[..., Browser], order: Order
) -> None:
    ship_order(order_id=order.pk, actor="staff:bob")
    page = staff("view_order").get(detail(order)).content.decode()
    cells = re.findall(r'<td class="field-(\w+)">\s*<p>(.*?)</p>', page, re.DOTALL)
    lines = [value for name, value in cells if name in ("sku", "product_name", "quantity")]
    assert lines == [order.lines.get().sku, "Blue Mug", "3"]
    assert [value for name, value in cells if name == "actor"] == ["client:1", "staff:bob"]
    read_only = re.findall(r'<div class="readonly">(.*?)</div>', page)
    assert read_only[:12] == [
        "Shipped",
        "-",  # not canceled
        "-",  # not held
        "28.50 EUR",
        "0.00",  # credited
        "28.50 EUR",  # due
        "0.00",
        "unpaid",
        str(order.client_id),
        "W-1",
        "ada@example.org",
        "{&quot;city&quot;: &quot;London&quot;}",
    ]


def test_the_page_shows_charges_and_taxes(admin_client: Browser, mug: ProductSnapshot) -> None:
    charges = (
        Charge(type="shipping", label="Parcel", amount=Decimal("4.90"), tax_rate=Decimal(19)),
        Charge(type="discount", amount=Decimal("-1.00")),
    )
    order = make_order(line(mug.id, tax_amount=Decimal("0.62")), charges=charges)
    page = admin_client.get(detail(order)).content.decode()
    cells = re.findall(r'<td class="field-(\w+)">\s*<p>(.*?)</p>', page, re.DOTALL)
    shown = [
        value for name, value in cells if name in ("label", "amount", "tax_rate", "tax_amount")
    ]
    assert shown == ["-", "0.62", "Parcel", "4.90", "19.00", "-", "-", "-1.00", "-", "-"]
    assert f"{mug.price + Decimal('3.90')} EUR" in page


@pytest.mark.parametrize(
    ("before", "buttons"),
    [([], ["ship", "cancel"]), ([ship_order], ["deliver"]), ([ship_order, deliver_order], [])],
)
def test_the_page_offers_what_the_status_allows(
    admin_client: Browser, order: Order, before: list[Callable[..., Order]], buttons: list[str]
) -> None:
    for operation in before:
        operation(order_id=order.pk, actor="client:1")
    page = admin_client.get(detail(order)).content.decode()
    assert [verb for verb in ("ship", "deliver", "cancel") if url(order, verb) in page] == buttons


def test_a_held_order_is_confirmed_before_it_is_shipped(
    staff: Callable[..., Browser], mug: ProductSnapshot
) -> None:
    order = make_order(line(mug.id), hold_seconds=60)
    browser = staff("change_order")
    page = browser.get(detail(order)).content.decode()
    verbs = [verb for verb in ("confirm", "ship", "cancel") if url(order, verb) in page]
    assert verbs == ["confirm", "cancel"]
    answer = browser.post(url(order, "ship"), {"version": 1}, follow=True)
    assert "The order is held; confirm it before you ship it." in messages(answer.content)[0]
    assert browser.post(url(order, "confirm"), {"version": 7}, follow=True).status_code == 200
    order.refresh_from_db()
    assert (order.version, order.is_held) == (1, True)
    answer = browser.post(url(order, "confirm"), {"version": 1}, follow=True)
    assert messages(answer.content) == ["The order is confirmed."]
    assert last_event(order) == ("confirmed", "pending", "pending", "staff:ada", {})
    order.refresh_from_db()
    assert (order.version, order.held_until) == (2, None)
    assert LogEntry.objects.count() == 1


def test_shipping_and_delivering(
    staff: Callable[..., Browser], order: Order, mug: ProductSnapshot
) -> None:
    browser = staff("change_order")
    for version, verb, before, after in [
        (1, "ship", "pending", "shipped"),
        (2, "deliver", "shipped", "delivered"),
    ]:
        answer = browser.post(url(order, verb), {"version": version}, follow=True)
        assert answer.redirect_chain == [(detail(order), 302)]
        assert messages(answer.content) == [f"The order is {after}."]
        assert last_event(order)[:4] == (after, before, after, "staff:ada")
        order.refresh_from_db()
        assert (order.status, order.version) == (after, version + 1)
    assert in_stock(mug) == 7
    entries = LogEntry.objects.values_list("object_id", flat=True)
    assert list(entries) == [str(order.pk)] * 2


def test_canceling_asks_first_and_puts_the_stock_back_once(
    staff: Callable[..., Browser], order: Order, mug: ProductSnapshot
) -> None:
    browser = staff("change_order")
    page = browser.get(url(order, "cancel")).content.decode()
    assert "Cancel this order?" in page
    assert (in_stock(mug), OrderEvent.objects.count()) == (7, 1)

    (version,) = re.findall(r'name="version" value="(\d+)"', page)
    answer = browser.post(url(order, "cancel"), {"version": version}, follow=True)
    assert messages(answer.content) == ["The order is canceled."]
    assert last_event(order) == ("canceled", "pending", "canceled", "staff:ada", {})
    assert in_stock(mug) == 10
    before = state()
    answer = browser.post(url(order, "cancel"), {"version": "2"}, follow=True)
    assert messages(answer.content) == ["The order is canceled."]
    assert (state(), in_stock(mug)) == (before, 10)


def test_an_order_that_was_changed_since_it_was_seen_is_not_shipped(
    admin_client: Browser, order: Order
) -> None:
    change_order(order_id=order.pk, change=OrderChange(quantity=5), actor="client:1")
    before = state()
    answer = admin_client.post(url(order, "ship"), {"version": 1}, follow=True)
    assert messages(answer.content) == [f"Order #{order.pk}: The order is at version 2 now."]
    assert state() == before


def test_an_illegal_move_is_a_message(
    admin_client: Browser, order: Order, mug: ProductSnapshot
) -> None:
    ship_order(order_id=order.pk, actor="client:1")
    before = state()
    answer = admin_client.post(url(order, "cancel"), {"version": 2}, follow=True)
    text = f"Order #{order.pk}: An order that is shipped cannot become canceled."
    assert messages(answer.content) == [text]
    assert (state(), in_stock(mug)) == (before, 7)


@pytest.mark.parametrize("version", ["", "one", "9" * 5000])
def test_a_wrong_version_moves_nothing(admin_client: Browser, order: Order, version: str) -> None:
    before = state()
    assert admin_client.post(url(order, "ship"), {"version": version}).status_code == 200
    assert state() == before


def test_the_actions_move_what_they_can(
    staff: Callable[..., Browser], order: Order, mug: ProductSnapshot
) -> None:
    browser, other = staff("change_order"), make_order(line(mug.id))
    delivered = make_order(line(mug.id))
    ship_order(order_id=delivered.pk, actor="client:1")
    deliver_order(order_id=delivered.pk, actor="client:1")
    selected = [order.pk, delivered.pk]

    data = {"action": "ship_selected", "_selected_action": selected}
    answer = browser.post(reverse(LIST), data, follow=True)
    refused = f"Order #{delivered.pk}: An order that is delivered cannot become shipped."
    assert messages(answer.content) == [refused, "Orders shipped: 1."]
    assert last_event(order)[:4] == ("shipped", "pending", "shipped", "staff:ada")
    data = {"action": "deliver_selected", "_selected_action": [order.pk]}
    answer = browser.post(reverse(LIST), data, follow=True)
    assert messages(answer.content) == ["Orders delivered: 1."]
    assert last_event(order)[:4] == ("delivered", "shipped", "delivered", "staff:ada")
    statuses = dict(Order.objects.values_list("pk", "status"))
    assert statuses == {order.pk: "delivered", delivered.pk: "delivered", other.pk: "pending"}
    assert LogEntry.objects.count() == 2


def test_the_action_that_cancels_asks_first(
    staff: Callable[..., Browser], order: Order, mug: ProductSnapshot
) -> None:
    browser, other = staff("change_order"), make_order(line(mug.id))
    before = state()
    data = {"action": "cancel_selected", "_selected_action": [order.pk]}
    page = browser.post(reverse(LIST), data).content.decode()
    assert "Cancel these orders?" in page
    assert (state(), in_stock(mug)) == (before, 6)

    fields = re.findall(r'name="(_selected_action|action|confirmed)" value="([^"]*)"', page)
    assert fields == [
        ("_selected_action", str(order.pk)),
        ("action", "cancel_selected"),
        ("confirmed", "Cancel the orders"),
    ]
    answer = browser.post(reverse(LIST), dict(fields), follow=True)
    assert messages(answer.content) == ["Orders canceled: 1."]
    assert last_event(order) == ("canceled", "pending", "canceled", "staff:ada", {})
    other.refresh_from_db()
    assert (other.status, in_stock(mug)) == ("pending", 9)


def test_who_may_only_see_moves_nothing(
    staff: Callable[..., Browser], order: Order, mug: ProductSnapshot
) -> None:
    browser = staff("view_order", "delete_order", "change_orderline", "change_orderevent")
    page = browser.get(detail(order)).content.decode()
    before = state()
    for verb in ("ship", "deliver", "cancel"):
        assert url(order, verb) not in page
        assert browser.get(url(order, verb)).status_code == 403
        assert browser.post(url(order, verb), {"version": 1}).status_code == 403
        data = {"action": f"{verb}_selected", "_selected_action": [order.pk], "confirmed": "yes"}
        browser.post(reverse(LIST), data)
    assert (state(), in_stock(mug)) == (before, 7)


def test_moving_needs_a_csrf_token(admin_user: Any, order: Order) -> None:
    browser = Browser(enforce_csrf_checks=True)
    browser.force_login(admin_user)
    before = state()
    assert browser.post(url(order, "ship"), {"version": 1}).status_code == 403
    assert state() == before


@pytest.mark.parametrize("order_id", [0, 2**63, 10**30])
def test_moving_an_order_that_is_not_there_is_404(admin_client: Browser, order_id: int) -> None:
    missing = reverse("admin:orders_order_ship", args=[order_id])
    assert admin_client.post(missing, {"version": 1}).status_code == 404


def test_nobody_edits_or_deletes_orders_and_events(
    admin_client: Browser, order: Order, mug: ProductSnapshot
) -> None:
    event, before = order.events.get(), state()
    data = {"post": "yes", "status": "shipped", "actor": "x", "customer_email": "x@example.org"}
    for model, pk in [("order", order.pk), ("orderevent", event.pk)]:
        for view in ("change", "delete"):
            page = reverse(f"admin:orders_{model}_{view}", args=[pk])
            assert admin_client.post(page, data).status_code == 403
        assert admin_client.post(reverse(f"admin:orders_{model}_add"), data).status_code == 403
        selected = {"action": "delete_selected", "_selected_action": [pk], "post": "yes"}
        admin_client.post(reverse(f"admin:orders_{model}_changelist"), selected)
    assert (state(), in_stock(mug)) == (before, 7)


def test_the_list_of_events_is_newest_first_and_searched_by_order(
    admin_client: Browser, order: Order, mug: ProductSnapshot
) -> None:
    other = make_order(line(mug.id))
    ship_order(order_id=order.pk, actor="client:1")

    def types(query: str = "") -> list[tuple[str, str]]:
        content = admin_client.get(f"{reverse(EVENTS)}?{query}").content.decode()
        return re.findall(r'field-order_id">(\d+)</td><td class="field-type">(\w+)<', content)

    shipped, placed = (str(order.pk), "Shipped"), (str(order.pk), "Placed")
    assert types() == [shipped, (str(other.pk), "Placed"), placed]
    assert types("type__exact=shipped") == [shipped]
    assert types(f"q={order.pk}") == [shipped, placed]
    assert types("q=ada") == types(f"q={2**63}") == []


def test_the_page_of_an_order_takes_as_many_statements_whatever_its_size(
    admin_client: Browser,
    django_assert_num_queries: DjangoAssertNumQueries,
    order: Order,
    mug: ProductSnapshot,
) -> None:
    large = make_order(*(line(make_product().id, path=f"lines.{i}") for i in range(4)))
    for each in (order, large):
        # Session and user; then in a snapshot, which begins and ends: order, its lines, its events.
        with django_assert_num_queries(7):
            admin_client.get(detail(each))
