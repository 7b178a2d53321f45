"""The staff pages of shipments and returns."""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client as Browser
from django.urls import reverse

from apps.orders.models import Order, Return, Shipment, Tracking
from apps.orders.operations import (
    Followed,
    LineUnits,
    ReturnedUnits,
    ReturnRequest,
    ShipmentRequest,
    deliver_shipment,
    follow_shipment,
    return_goods,
    ship_orders,
)
from apps.orders.tests.factories import line, make_order
from apps.orders.tests.product_rows import make_product
from apps.orders.tests.staff_pages import cells, errors, messages, opened, state

pytestmark = pytest.mark.django_db

SHIPMENTS = "admin:orders_shipment_changelist"
RETURNS = "admin:orders_return_changelist"
NOT_FOLLOWED = Followed()
FOLLOWED = Followed(carrier="DHL", tracking_number="17", tracking_url="https://example.org/17")


@pytest.fixture
def order() -> Order:
    """Three mugs of 5.00."""
    return make_order(line(make_product().id, 3))


@pytest.fixture
def shipment(order: Order) -> Shipment:
    """One of the three mugs."""
    return ship(order, followed=FOLLOWED)


def ship(order: Order, quantity: int = 1, followed: Followed = NOT_FOLLOWED) -> Shipment:
    units = LineUnits(path="", line_id=order.lines.get().pk, quantity=quantity)
    request = ShipmentRequest(
        order_id=order.pk, actor="client:1", lines=(units,), followed=followed
    )
    [outcome] = ship_orders([request])
    assert not isinstance(outcome, Exception)
    return Shipment.objects.filter(order=order)[0]


def send_back(order: Order, charges: str = "0") -> Return:
    units = ReturnedUnits(
        path="", line_id=order.lines.get().pk, quantity=1, restock=True, reason="Too small"
    )
    request = ReturnRequest(lines=(units,), charges_credit=Decimal(charges))
    key = str(Return.objects.count())
    returned = return_goods(order_id=order.pk, request=request, actor="bob", idempotency_key=key)
    return returned.order_return


def page_of(shipment: Shipment, view: str = "change") -> str:
    return reverse(f"admin:orders_shipment_{view}", args=[shipment.pk])


def followed(shipment: Shipment) -> list[tuple[str, ...]]:
    columns = ("carrier", "tracking_number", "tracking_url")
    return list(Tracking.objects.filter(shipment=shipment).values_list(*columns))


def status(order: Order) -> tuple[str, int]:
    order.refresh_from_db()
    return order.status, order.version


def test_a_shipment_is_delivered_once(
    staff: Callable[..., Browser], order: Order, shipment: Shipment
) -> None:
    browser = staff("change_order")
    before = state()
    sent = opened(browser, page_of(shipment, "deliver"))
    assert (sent, state()) == ({"version": "2"}, before)
    answer = browser.post(page_of(shipment, "deliver"), sent, follow=True)
    assert answer.redirect_chain == [(page_of(shipment), 302)]
    assert messages(answer.content) == [f"Shipment #{shipment.pk} is delivered."]
    assert Shipment.objects.get().delivery.actor == "staff:ada"
    assert status(order) == ("pending", 3)
    assert LogEntry.objects.values_list("object_id", "change_message").get() == (
        str(shipment.pk),
        '[{"changed": {"fields": ["delivery"]}}]',
    )
    before = state()
    answer = browser.post(page_of(shipment, "deliver"), sent, follow=True)
    assert messages(answer.content) == [f"Shipment #{shipment.pk} is delivered."]
    assert state() == before


def test_the_last_delivery_makes_the_order_delivered(
    admin_client: Browser, order: Order, shipment: Shipment
) -> None:
    last = ship(order, 2)
    for each in (shipment, last):
        # The button on the page sends the same.
        sent = opened(admin_client, page_of(each))
        assert f'action="{page_of(each, "deliver")}"' in page(admin_client, page_of(each))
        admin_client.post(page_of(each, "deliver"), {"version": sent["version"]})
    assert status(order) == ("delivered", 5)


def page(browser: Browser, address: str) -> str:
    return browser.get(address).content.decode()


@pytest.mark.parametrize(
    ("view", "changed"), [("deliver", {}), ("tracking", {"carrier": "UPS", "tracking_url": ""})]
)
def test_a_shipment_of_an_order_that_has_changed_stays_as_it_is(
    admin_client: Browser, order: Order, shipment: Shipment, view: str, changed: dict[str, str]
) -> None:
    sent = opened(admin_client, page_of(shipment, view)) | changed
    ship(order)
    before = state()
    answer = admin_client.post(page_of(shipment, view), sent)
    assert errors(answer.content) == ["The order is at version 3 now. Open this form again."]
    assert state() == before


@pytest.mark.parametrize("view", ["deliver", "tracking"])
@pytest.mark.parametrize("version", ["", "one", "9" * 5000])
def test_a_wrong_version_does_nothing(
    admin_client: Browser, shipment: Shipment, view: str, version: str
) -> None:
    sent = opened(admin_client, page_of(shipment, view)) | {"version": version, "carrier": "UPS"}
    before = state()
    answer = admin_client.post(page_of(shipment, view), sent)
    assert (answer.status_code, len(errors(answer.content))) == (200, 1)
    assert state() == before


def test_what_was_changed_of_the_tracking_is_saved(
    staff: Callable[..., Browser], shipment: Shipment
) -> None:
    browser = staff("change_order")
    sent = opened(browser, page_of(shipment, "tracking"))
    assert (sent["carrier"], sent["tracking_number"]) == ("DHL", "17")
    follow_shipment(shipment_id=shipment.pk, changes={"tracking_number": "18"})
    sent |= {"carrier": "UPS", "tracking_url": ""}
    answer = browser.post(page_of(shipment, "tracking"), sent, follow=True)
    assert answer.redirect_chain == [(page_of(shipment), 302)]
    assert messages(answer.content) == ["The tracking is saved."]
    # What somebody else changed meanwhile is not written over.
    assert followed(shipment) == [("UPS", "18", "")]
    assert LogEntry.objects.get().change_message == '[{"changed": {"fields": ["tracking"]}}]'
    before = state()
    unchanged = opened(browser, page_of(shipment, "tracking"))
    assert browser.post(page_of(shipment, "tracking"), unchanged).status_code == 302
    assert state() == before


def test_a_shipment_without_tracking_gets_some(admin_client: Browser, order: Order) -> None:
    shipment = ship(order)
    sent = opened(admin_client, page_of(shipment, "tracking")) | {"tracking_number": "1"}
    admin_client.post(page_of(shipment, "tracking"), sent)
    assert followed(shipment) == [("", "1", "")]


def test_tracking_that_is_sent_again_does_not_undo_what_came_after(
    admin_client: Browser, shipment: Shipment
) -> None:
    sent = opened(admin_client, page_of(shipment, "tracking")) | {"carrier": "UPS"}
    admin_client.post(page_of(shipment, "tracking"), sent)
    follow_shipment(shipment_id=shipment.pk, changes={"carrier": "Post"})
    before = state()
    answer = admin_client.post(page_of(shipment, "tracking"), sent)
    said = "The shipment&#x27;s tracking has changed since it was read. Open this form again."
    assert errors(answer.content) == [said]
    assert state() == before


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("tracking_url", "javascript:alert()"),
        ("tracking_url", "https://" + "x" * 493),
        ("carrier", "x" * 101),
        ("tracking_number", "x" * 101),
    ],
)
def test_wrong_tracking_is_not_saved(
    admin_client: Browser, shipment: Shipment, field: str, value: str
) -> None:
    sent = opened(admin_client, page_of(shipment, "tracking")) | {field: value}
    before = state()
    answer = admin_client.post(page_of(shipment, "tracking"), sent)
    assert (answer.status_code, len(errors(answer.content))) == (200, 1)
    assert state() == before


def test_only_a_web_address_becomes_a_link(admin_client: Browser, shipment: Shipment) -> None:
    Tracking.objects.update(tracking_url="javascript:alert()")
    for address in (page_of(shipment), reverse(SHIPMENTS)):
        assert "javascript:" not in page(admin_client, address)


def test_the_page_of_a_shipment_shows_it(
    staff: Callable[..., Browser], order: Order, shipment: Shipment
) -> None:
    deliver_shipment(shipment_id=shipment.pk, actor="bob")
    content = page(staff("view_order"), page_of(shipment))
    shown = [
        re.sub(r"<[^>]+>", "", value)
        for value in re.findall(r'<div class="readonly">(.*?)</div>', content)
    ]
    assert [shown[0], shown[2], *shown[4:]] == [f"#{order.pk}", "client:1", "bob", "DHL", "17"]
    assert cells(content.encode(), "product", "quantity") == ["Blue Mug", "1"]
    assert reverse("admin:orders_order_change", args=[order.pk]) in content
    assert "Mark as delivered" not in content


def test_the_page_of_a_return_shows_it(
    staff: Callable[..., Browser], order: Order, shipment: Shipment
) -> None:
    came_back = send_back(order, charges="2.50")
    address = reverse("admin:orders_return_change", args=[came_back.pk])
    content = page(staff("view_order"), address)
    assert '<div class="readonly">7.50 EUR</div>' in content
    columns = ("product", "quantity", "on_sale", "credit", "why")
    assert cells(content.encode(), *columns) == [
        *("Blue Mug", "1", "Yes", "5.00", "Too small"),
        *("Charges", "0", "-", "2.50", "-"),
    ]


def test_who_may_only_see_changes_no_shipment(
    staff: Callable[..., Browser], order: Order, shipment: Shipment
) -> None:
    browser = staff("view_order", "change_shipment", "delete_shipment", "change_tracking")
    content = page(browser, page_of(shipment))
    before = state()
    for view in ("deliver", "tracking"):
        assert page_of(shipment, view) not in content
        assert browser.get(page_of(shipment, view)).status_code == 403
        sent = {"version": "2", "carrier": "UPS"}
        assert browser.post(page_of(shipment, view), sent).status_code == 403
    assert state() == before


def test_who_sees_no_orders_sees_no_shipments(
    staff: Callable[..., Browser], order: Order, shipment: Shipment
) -> None:
    came_back = send_back(order)
    browser = staff("view_orderevent")
    for address in (reverse(SHIPMENTS), reverse(RETURNS), page_of(shipment)):
        assert browser.get(address).status_code == 403
    address = reverse("admin:orders_return_change", args=[came_back.pk])
    assert browser.get(address).status_code == 403


@pytest.mark.parametrize("view", ["deliver", "tracking"])
def test_changing_a_shipment_needs_a_csrf_token(
    admin_user: Any, shipment: Shipment, view: str
) -> None:
    browser = Browser(enforce_csrf_checks=True)
    browser.force_login(admin_user)
    before = state()
    sent = {"version": "2", "carrier": "UPS"}
    assert browser.post(page_of(shipment, view), sent).status_code == 403
    assert state() == before


@pytest.mark.parametrize("shipment_id", [0, 2**63, 10**30])
def test_a_shipment_that_is_not_there_is_404(admin_client: Browser, shipment_id: int) -> None:
    for view in ("deliver", "tracking"):
        missing = reverse(f"admin:orders_shipment_{view}", args=[shipment_id])
        assert admin_client.post(missing, {"version": 1}).status_code == 404


def test_nobody_edits_or_deletes_shipments_and_returns(
    admin_client: Browser, order: Order, shipment: Shipment
) -> None:
    came_back = send_back(order)
    before = state()
    data = {"post": "yes", "actor": "x", "credit": "1", "version": "9"}
    for model, pk in [("shipment", shipment.pk), ("return", came_back.pk)]:
        for view in ("change", "delete"):
            address = reverse(f"admin:orders_{model}_{view}", args=[pk])
            assert admin_client.post(address, data).status_code == 403
        assert admin_client.post(reverse(f"admin:orders_{model}_add"), data).status_code == 403
        selected = {"action": "delete_selected", "_selected_action": [pk], "post": "yes"}
        admin_client.post(reverse(f"admin:orders_{model}_changelist"), selected)
    assert state() == before


def test_the_lists_are_newest_first_and_searched(admin_client: Browser, order: Order) -> None:
    first = ship(order, followed=FOLLOWED)
    other = make_order(line(make_product().id, 2))
    second, third = ship(other), ship(order)
    deliver_shipment(shipment_id=second.pk, actor="bob")
    returns = [send_back(other).pk, send_back(order).pk]

    def shown(name: str, query: str = "") -> list[int]:
        content = page(admin_client, f"{reverse(name)}?{query}")
        return [int(number) for number in re.findall(r'field-id"><a [^>]*>(\d+)<', content)]

    assert shown(SHIPMENTS) == [third.pk, second.pk, first.pk]
    assert shown(SHIPMENTS, f"q={order.pk}") == [third.pk, first.pk]
    assert shown(SHIPMENTS, "status=delivered") == [second.pk]
    assert shown(SHIPMENTS, "status=shipped") == [third.pk, first.pk]
    assert shown(SHIPMENTS, "status=x") == [third.pk, second.pk, first.pk]
    assert shown(RETURNS) == [returns[1], returns[0]]
    assert shown(RETURNS, f"q={other.pk}") == [returns[0]]
    for term in ("1", "DHL", "x", 2**63, "9" * 19, "9" * 5000, "²", "-1"):
        expected = [third.pk, first.pk] if term == str(order.pk) else []
        assert shown(SHIPMENTS, f"q={term}") == expected
    follow_shipment(shipment_id=first.pk, changes={"tracking_number": "RR 17"})
    assert shown(SHIPMENTS, "q=+RR 17+") == [first.pk]
    assert shown(RETURNS, "q=RR 17") == [returns[1]]


def test_a_list_names_the_first_products(admin_client: Browser) -> None:
    products = [make_product(name=f"Product {number}") for number in range(5)]
    lines = (line(each.id, path=f"lines.{at}") for at, each in enumerate(products))
    order = make_order(*lines)
    [outcome] = ship_orders([ShipmentRequest(order_id=order.pk, actor="client:1")])
    assert not isinstance(outcome, Exception)
    content = page(admin_client, reverse(SHIPMENTS))
    said = "1 × Product 0, 1 × Product 1, 1 × Product 2 and 2 more"
    assert f'<td class="field-units">{said}</td>' in content
