"""The staff pages on which units of an order are shipped, canceled and returned."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client as Browser
from pytest_django import DjangoAssertNumQueries

from apps.orders.microservice_communication import ProductSnapshot
from apps.orders.models import Order, OrderLine, Return, Shipment
from apps.orders.operations import (
    LineUnits,
    OrderChange,
    ReturnedUnits,
    ReturnRequest,
    ShipmentRequest,
    cancel_order,
    change_order,
    return_goods,
    ship_order,
    ship_orders,
)
from apps.orders.placing.requests import Charge
from apps.orders.tests.factories import line, make_order
from apps.orders.tests.product_rows import committed, in_stock, make_product
from apps.orders.tests.staff_pages import cells, detail, errors, messages, opened, state, url

pytestmark = pytest.mark.django_db

PAGES = ("ship_units", "cancel_units", "return_units")
PARCEL = Charge(type="shipping", label="Parcel", amount=Decimal("4.90"))


@pytest.fixture
def mug() -> ProductSnapshot:
    """Ten blue mugs, of which `order` takes three."""
    return make_product(name="Blue Mug", price="9.50", stock=10)


@pytest.fixture
def pen() -> ProductSnapshot:
    """Ten pens, of which `order` takes two."""
    return make_product(name="Pen", price="1.00", stock=10)


@pytest.fixture
def order(mug: ProductSnapshot, pen: ProductSnapshot) -> Order:
    """It costs 35.40."""
    lines = line(mug.id, 3, path="lines.0"), line(pen.id, 2, path="lines.1")
    return make_order(*lines, charges=(PARCEL,))


@pytest.fixture
def partly_shipped(order: Order) -> Order:
    """The same, after one mug has left."""
    ship(order, 1)
    return order


def ids(order: Order) -> tuple[int, ...]:
    return tuple(order.lines.values_list("pk", flat=True))


def ship(order: Order, quantity: int) -> None:
    """Ship units of the first line."""
    lines = (LineUnits(path="", line_id=ids(order)[0], quantity=quantity),)
    [outcome] = ship_orders([ShipmentRequest(order_id=order.pk, actor="client:1", lines=lines)])
    assert not isinstance(outcome, Exception)


def parts(order: Order) -> list[tuple[int, ...]]:
    """(quantity, shipped, canceled, returned) of each line."""
    names = ("quantity", "shipped_quantity", "canceled_quantity", "returned_quantity")
    return list(order.lines.values_list(*names))


def quantity(order: Order, index: int = 0, name: str = "quantity") -> str:
    """The name of a field of a line."""
    return f"lines.{ids(order)[index]}.{name}"


def asking_one(browser: Browser, order: Order, page: str) -> dict[str, str]:
    """The form of a page, filled in for one unit of the first line."""
    sent = opened(browser, url(order, page)) | {quantity(order): "1"}
    if page == "ship_units":
        sent[quantity(order, 1)] = "0"
    if page == "return_units":
        sent[quantity(order, 0, "restock")] = "yes"
    return sent


def test_the_page_of_an_order_shows_where_its_units_are(
    staff: Callable[..., Browser], partly_shipped: Order
) -> None:
    first, second = ids(partly_shipped)
    cancel_order(
        order_id=partly_shipped.pk,
        actor="client:1",
        lines=[LineUnits(path="", line_id=second, quantity=1)],
    )
    unit = ReturnedUnits(path="", line_id=first, quantity=1, restock=False, reason="<broken>")
    request = ReturnRequest(lines=(unit,), charges_credit=Decimal("4.90"))
    return_goods(order_id=partly_shipped.pk, request=request, actor="bob", idempotency_key="k")
    content = staff("view_order").get(detail(partly_shipped)).content
    columns = ("quantity", "shipped", "canceled", "returned", "open")
    assert cells(content, *columns) == ["3", "1", "0", "1", "2", "2", "0", "1", "0", "1"]
    shipment, came_back = Shipment.objects.get(), Return.objects.get()
    shown = cells(content, "shipment", "units", "carrier", "tracking_number", "arrived")
    assert shown == [f"#{shipment.pk}", "1 × Blue Mug", "-", "-", "-", "1 × Blue Mug"]
    shown = cells(content, "number", "restocked", "reasons", "credit")
    assert shown == [f"#{came_back.pk}", "0 of 1", "&lt;broken&gt;", "14.40"]
    page = content.decode()
    for link in (f"shipment/{shipment.pk}/change/", f"return/{came_back.pk}/change/"):
        assert f'href="/console/orders/{link}"' in page
    for amount in ("34.40 EUR", "14.40", "20.00 EUR"):  # total, credited, due
        assert f'<div class="readonly">{amount}</div>' in page


def test_nothing_of_a_canceled_order_is_open(admin_client: Browser, order: Order) -> None:
    cancel_order(order_id=order.pk, actor="client:1")
    content = admin_client.get(detail(order)).content
    assert cells(content, "quantity", "canceled", "open") == ["3", "3", "0", "2", "2", "0"]
    assert [page for page in PAGES if url(order, page) in content.decode()] == []


def test_the_page_of_an_order_offers_what_its_units_allow(
    admin_client: Browser, order: Order, mug: ProductSnapshot
) -> None:
    def offered(order: Order) -> list[str]:
        content = admin_client.get(detail(order)).content.decode()
        return [page for page in PAGES if url(order, page) in content]

    assert offered(order) == ["ship_units", "cancel_units"]
    assert offered(make_order(line(mug.id), hold_seconds=60)) == ["cancel_units"]
    ship(order, 1)
    assert offered(order) == [*PAGES]
    ship_order(order_id=order.pk, actor="client:1")
    assert offered(order) == ["return_units"]


def test_shipping_some_units(
    staff: Callable[..., Browser], order: Order, mug: ProductSnapshot
) -> None:
    browser = staff("change_order")
    sent = opened(browser, url(order, "ship_units"))
    assert (sent[quantity(order)], sent[quantity(order, 1)], sent["version"]) == ("3", "2", "1")
    sent |= {quantity(order): "2", quantity(order, 1): "0", "carrier": "DHL"}
    sent |= {"tracking_number": "17", "tracking_url": "https://example.org/17"}
    answer = browser.post(url(order, "ship_units"), sent, follow=True)
    shipment = Shipment.objects.get()
    assert answer.redirect_chain == [(detail(order), 302)]
    assert messages(answer.content) == [f"Shipment #{shipment.pk} has left."]
    assert parts(order) == [(3, 2, 0, 0), (2, 0, 0, 0)]
    followed = shipment.tracking
    assert (followed.carrier, followed.tracking_number) == ("DHL", "17")
    assert followed.tracking_url == "https://example.org/17"
    assert (shipment.actor, shipment.version) == ("staff:ada", 2)
    assert shipment.idempotency_key == f"staff:{sent['token']}"
    assert (in_stock(mug), committed(mug)) == (7, 1)
    assert LogEntry.objects.values_list("object_id", "change_message").get() == (
        str(order.pk),
        '[{"changed": {"fields": ["shipments"]}}]',
    )
    page = answer.content.decode()
    assert '<a href="https://example.org/17" rel="noreferrer">17</a>' in page


def test_canceling_some_units(
    staff: Callable[..., Browser], order: Order, mug: ProductSnapshot
) -> None:
    browser = staff("change_order")
    sent = opened(browser, url(order, "cancel_units"))
    assert (sent[quantity(order)], sent[quantity(order, 1)]) == ("0", "0")
    answer = browser.post(url(order, "cancel_units"), sent | {quantity(order): "2"}, follow=True)
    assert messages(answer.content) == ["Units canceled: 2. The order is pending."]
    assert parts(order) == [(3, 0, 2, 0), (2, 0, 0, 0)]
    order.refresh_from_db()
    assert (order.status, order.total, order.version) == ("pending", Decimal("16.40"), 2)
    assert (in_stock(mug), committed(mug)) == (9, 1)
    assert LogEntry.objects.count() == 1

    sent = opened(browser, url(order, "cancel_units"))
    sent |= {quantity(order): "1", quantity(order, 1): "2"}
    answer = browser.post(url(order, "cancel_units"), sent, follow=True)
    assert messages(answer.content) == ["Units canceled: 3. The order is canceled."]
    assert (in_stock(mug), committed(mug)) == (10, 0)


def test_recording_a_return(
    staff: Callable[..., Browser], order: Order, mug: ProductSnapshot, pen: ProductSnapshot
) -> None:
    ship_order(order_id=order.pk, actor="client:1")
    browser = staff("change_order")
    sent = opened(browser, url(order, "return_units"))
    assert (sent[quantity(order)], sent[quantity(order, 1)]) == ("0", "0")
    sent |= {quantity(order): "2", quantity(order, 0, "restock"): "yes"}
    sent |= {quantity(order, 0, "reason"): "Too small"}
    sent |= {quantity(order, 1): "1", quantity(order, 1, "restock"): "no"}
    sent |= {quantity(order, 1, "credit"): "0.5", "charges_credit": "4.9"}
    answer = browser.post(url(order, "return_units"), sent, follow=True)
    came_back = Return.objects.get()
    text = f"Return #{came_back.pk} is recorded; 24.40 EUR are credited."
    assert messages(answer.content) == [text]
    assert parts(order) == [(3, 3, 0, 2), (2, 2, 0, 1)]
    columns = ("line", "quantity", "is_restocked", "credit", "reason__text")
    assert list(came_back.lines.values_list(*columns)) == [
        (ids(order)[0], 2, True, Decimal("19.00"), "Too small"),
        (ids(order)[1], 1, False, Decimal("0.50"), None),
        (None, 0, False, Decimal("4.90"), None),
    ]
    assert (came_back.actor, came_back.idempotency_key) == ("staff:ada", f"staff:{sent['token']}")
    assert (in_stock(mug), in_stock(pen)) == (9, 8)
    order.refresh_from_db()
    assert (order.status, order.credited) == ("shipped", Decimal("24.40"))
    assert LogEntry.objects.get().change_message == '[{"changed": {"fields": ["returns"]}}]'


@pytest.mark.parametrize("page", ["ship_units", "return_units"])
def test_a_form_that_is_sent_again_does_nothing_again(
    admin_client: Browser, partly_shipped: Order, page: str
) -> None:
    sent = asking_one(admin_client, partly_shipped, page)
    first = admin_client.post(url(partly_shipped, page), sent, follow=True)
    ship_order(order_id=partly_shipped.pk, actor="client:1")  # leaves nothing open
    before = state()
    again = admin_client.post(url(partly_shipped, page), sent, follow=True)
    assert messages(again.content) == messages(first.content)
    assert len(messages(first.content)) == 1
    assert state() == before

    other = sent | {quantity(partly_shipped): "2"}
    refused = admin_client.post(url(partly_shipped, page), other)
    assert errors(refused.content) == [
        "This form was sent before with other values; open it again."
    ]
    assert state() == before


def test_units_are_canceled_once_however_often_the_form_is_sent(
    admin_client: Browser, order: Order
) -> None:
    sent = asking_one(admin_client, order, "cancel_units")
    admin_client.post(url(order, "cancel_units"), sent)
    before = state()
    again = admin_client.post(url(order, "cancel_units"), sent)
    assert errors(again.content) == ["The order is at version 2 now. Open this form again."]
    assert (state(), parts(order)[0]) == (before, (3, 0, 1, 0))


@pytest.mark.parametrize("page", PAGES)
def test_an_order_that_has_changed_since_it_was_seen_stays_as_it_is(
    admin_client: Browser, partly_shipped: Order, page: str
) -> None:
    sent = asking_one(admin_client, partly_shipped, page)
    change = OrderChange(details={"reference": "other"})
    change_order(order_id=partly_shipped.pk, change=change, actor="client:1")
    before = state()
    answer = admin_client.post(url(partly_shipped, page), sent)
    assert errors(answer.content) == ["The order is at version 3 now. Open this form again."]
    assert state() == before


@pytest.mark.parametrize(
    ("page", "changed", "said"),
    [
        ("ship_units", {"quantity": "3"}, ["There are 2 open."]),
        ("cancel_units", {"quantity": "3"}, ["There are 2 open."]),
        ("return_units", {"quantity": "2"}, ["There are 1 to return."]),
        ("return_units", {"restock": ""}, ["Say whether these units are on sale again."]),
        ("return_units", {"credit": "36"}, ["At most 35.40 can be credited."]),
        (
            "return_units",
            {"credit": "0.001"},
            ["Ensure that there are no more than 2 decimal places."],
        ),
        (
            "return_units",
            {"credit": "-1"},
            ["Ensure this value is greater than or equal to 0."],
        ),
        ("ship_units", {"quantity": "one"}, ["Enter a whole number."]),
        ("ship_units", {"quantity": "9" * 5000}, ["Enter a whole number."]),
        (
            "ship_units",
            {"quantity": "1000001"},
            ["Ensure this value is less than or equal to 1000000."],
        ),
        *(
            (page, {"quantity": "-1"}, ["Ensure this value is greater than or equal to 0."])
            for page in PAGES
        ),
        *((page, {"quantity": "0"}, ["Choose at least one unit."]) for page in PAGES),
        *((page, {"quantity": ""}, ["Choose at least one unit."]) for page in PAGES),
    ],
)
def test_a_refusal_is_said_at_its_field(
    admin_client: Browser,
    partly_shipped: Order,
    page: str,
    changed: dict[str, str],
    said: list[str],
) -> None:
    sent = asking_one(admin_client, partly_shipped, page)
    sent |= {quantity(partly_shipped, 0, name): value for name, value in changed.items()}
    before = state()
    answer = admin_client.post(url(partly_shipped, page), sent)
    assert (answer.status_code, errors(answer.content)) == (200, said)
    assert state() == before


@pytest.mark.parametrize(
    ("page", "changed", "said"),
    [
        *((page, {"version": ""}, "This field is required.") for page in PAGES),
        *((page, {"version": "9" * 5000}, "Enter a whole number.") for page in PAGES),
        *((page, {"token": ""}, "This field is required.") for page in PAGES),
        ("ship_units", {"token": "1"}, "Enter a valid UUID."),
        ("return_units", {"charges_credit": "35.41"}, "At most 35.40 can be credited."),
        (
            "ship_units",
            {"tracking_url": "javascript:alert()"},
            "Expected an address that begins with https:// or http://.",
        ),
        ("ship_units", {"carrier": "\0"}, "Null characters are not allowed."),
    ],
)
def test_a_wrong_value_writes_nothing(
    admin_client: Browser, partly_shipped: Order, page: str, changed: dict[str, str], said: str
) -> None:
    sent = asking_one(admin_client, partly_shipped, page) | changed
    before = state()
    answer = admin_client.post(url(partly_shipped, page), sent)
    assert (answer.status_code, errors(answer.content)) == (200, [said])
    assert state() == before


def test_an_empty_form_writes_nothing(admin_client: Browser, partly_shipped: Order) -> None:
    before = state()
    for page in PAGES:
        assert admin_client.post(url(partly_shipped, page), {}).status_code == 200
    assert state() == before


def test_units_of_a_held_order_are_not_shipped(admin_client: Browser, mug: ProductSnapshot) -> None:
    order = make_order(line(mug.id), hold_seconds=60)
    sent, before = opened(admin_client, url(order, "ship_units")), state()
    answer = admin_client.post(url(order, "ship_units"), sent)
    assert errors(answer.content) == ["The order is held; confirm it before you ship it."]
    assert state() == before


def test_units_that_pay_for_a_discount_are_not_canceled(
    admin_client: Browser, mug: ProductSnapshot, pen: ProductSnapshot
) -> None:
    lines = line(mug.id, path="lines.0"), line(pen.id, path="lines.1")
    order = make_order(*lines, charges=(Charge(type="discount", amount=Decimal(-2)),))
    sent = asking_one(admin_client, order, "cancel_units")
    before = state()
    answer = admin_client.post(url(order, "cancel_units"), sent)
    said = "Without these units, the order costs -1.00. Change its charges first."
    assert errors(answer.content) == [said]
    assert state() == before


def test_canceling_what_is_left_says_what_became_of_the_order(
    admin_client: Browser, partly_shipped: Order
) -> None:
    answer = admin_client.post(url(partly_shipped, "cancel"), {"version": 2}, follow=True)
    said = "What was open is canceled. The order is shipped."
    assert messages(answer.content) == [said]
    assert parts(partly_shipped) == [(3, 1, 2, 0), (2, 0, 2, 0)]


def test_why_what_is_left_cannot_be_canceled(
    admin_client: Browser, mug: ProductSnapshot, pen: ProductSnapshot
) -> None:
    lines = line(pen.id, path="lines.0"), line(mug.id, path="lines.1")
    order = make_order(*lines, charges=(Charge(type="discount", amount=Decimal(-2)),))
    ship(order, 1)
    before = state()
    answer = admin_client.post(url(order, "cancel"), {"version": 2}, follow=True)
    said = "Without these units, the order costs -1.00. Change its charges first."
    assert messages(answer.content) == [f"Order #{order.pk}: {said}"]
    assert state() == before


@pytest.mark.parametrize("page", PAGES)
def test_who_may_only_see_does_nothing_to_units(
    staff: Callable[..., Browser], admin_client: Browser, partly_shipped: Order, page: str
) -> None:
    sent = asking_one(admin_client, partly_shipped, page)
    browser = staff("view_order", "change_orderline", "change_shipment", "add_shipment")
    assert url(partly_shipped, page) not in browser.get(detail(partly_shipped)).content.decode()
    before = state()
    assert browser.get(url(partly_shipped, page)).status_code == 403
    assert browser.post(url(partly_shipped, page), sent).status_code == 403
    assert state() == before


@pytest.mark.parametrize("page", PAGES)
def test_a_form_needs_a_csrf_token(admin_user: Any, partly_shipped: Order, page: str) -> None:
    browser = Browser(enforce_csrf_checks=True)
    browser.force_login(admin_user)
    sent = asking_one(browser, partly_shipped, page)
    before = state()
    assert browser.post(url(partly_shipped, page), sent).status_code == 403
    assert state() == before


def test_lines_that_are_too_many_for_a_form_are_on_several_pages(
    admin_client: Browser,
) -> None:
    """Django takes 1,000 fields, and every line has four on the page of returns."""
    order = _order_of(301)
    ship_order(order_id=order.pk, actor="client:1")
    pages = [f"{url(order, 'return_units')}?page={number}" for number in (1, 2, 3, 4)]
    forms = [opened(admin_client, page) for page in pages]
    sizes = [sum(name.endswith(".quantity") for name in form) for form in forms]
    assert sizes == [100, 100, 100, 1]
    assert max(map(len, forms)) < 500
    last = ids(order)[-1]
    sent = forms[-1] | {f"lines.{last}.quantity": "1", f"lines.{last}.restock": "yes"}
    assert admin_client.post(pages[-1], sent).status_code == 302
    assert OrderLine.objects.filter(returned_quantity=1).values_list("pk", flat=True).get() == last


def _order_of(count: int) -> Order:
    products = [make_product(name=f"Product {number}") for number in range(count)]
    return make_order(*(line(each.id, path=f"lines.{at}") for at, each in enumerate(products)))


def test_the_page_of_an_order_takes_as_many_statements_for_many_parcels(
    admin_client: Browser, django_assert_num_queries: DjangoAssertNumQueries, order: Order
) -> None:
    def send_back(key: str) -> None:
        unit = ReturnedUnits(path="", line_id=ids(order)[0], quantity=1, restock=True, reason=key)
        request = ReturnRequest(lines=(unit,))
        return_goods(order_id=order.pk, request=request, actor="bob", idempotency_key=key)

    for key in ("a", "b"):
        ship(order, 1)
        send_back(key)
        # As in test_admin.py, and charges; shipments, their lines, and what these are of; returns,
        # with the same and with the reasons.
        with django_assert_num_queries(7 + 1 + 3 + 4):
            admin_client.get(detail(order))
