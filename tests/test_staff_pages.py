"""Every staff page in the URL configuration: who may see it, and its number of statements."""

import re
from collections.abc import Iterator
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from django.contrib.admin import site
from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.db.models import Model
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from apps.accounts.models import ApiKey, Client, User
from apps.accounts.operations import issue_key
from apps.orders.models import Order, OrderEvent, Return, Shipment
from apps.orders.operations import (
    LineRequest,
    LineUnits,
    ReturnedUnits,
    ReturnRequest,
    ShipmentRequest,
    order_request,
    place_order,
    return_goods,
    ship_orders,
)
from apps.payments.models import Payment
from apps.payments.operations import Money, record_payment
from apps.products.models import Product, StockMovement
from apps.products.operations import create_product
from monoservices.services.config import services

pytestmark = pytest.mark.django_db

CONSOLE = "/console/"
NOWHERE = "<path:object_id>/"  # leads to the change page, as in old bookmarks
LOOK = {"": 200, "<path:object_id>/history/": 200, "<path:object_id>/change/": 200, NOWHERE: 302}
READ_ONLY = LOOK | {"add/": 403, "<path:object_id>/delete/": 403}
KEPT = READ_ONLY | {"add/": 200}
EDITABLE = KEPT | {"<path:object_id>/delete/": 200}

APP_LIST = rf"^(?P<app_label>{'|'.join(['auth', *(each.label for each in services())])})/$"

MODELS = {
    "accounts/apikey/": KEPT | {"<int:key_id>/revoke/": 200},
    "accounts/client/": READ_ONLY,
    "accounts/user/": EDITABLE | {"<id>/password/": 200},
    "auth/group/": EDITABLE,
    "orders/order/": READ_ONLY
    | {f"<int:order_id>/{verb}/": 200 for verb in ("confirm", "ship", "deliver", "cancel")}
    | {f"<int:order_id>/{verb}-units/": 200 for verb in ("ship", "cancel", "return")},
    "orders/orderevent/": READ_ONLY,
    "orders/return/": READ_ONLY,
    "orders/shipment/": READ_ONLY
    | {f"<int:shipment_id>/{verb}/": 200 for verb in ("deliver", "tracking")},
    "payments/payment/": READ_ONLY,
    "products/product/": KEPT | {"<int:product_id>/stock/": 200},
    "products/stockmovement/": READ_ONLY,
}
"""A superuser's responses, by model and page."""

LISTS = {
    "accounts/apikey/": 5,
    "accounts/client/": 5,
    "accounts/user/": 6,
    "auth/group/": 5,
    "orders/order/": 5,
    "orders/orderevent/": 5,
    "orders/return/": 8,
    "orders/shipment/": 7,
    "payments/payment/": 5,
    "products/product/": 5,
    "products/stockmovement/": 5,
}
"""Statements: the session, the user, the rows counted twice, the page; and what else is shown: the
lines of orders, of shipments and returns, the groups to filter users by."""

OTHERS = {
    "": 200,
    "login/": 302,
    "logout/": 405,
    "password_change/": 200,
    "password_change/done/": 200,
    "autocomplete/": 403,
    "jsi18n/": 200,
    "r/<path:content_type_id>/<path:object_id>/": 404,
    APP_LIST: 200,
    "(?P<url>.*)$": 404,
}
"""A superuser's responses on pages without a model."""

FILTERS = {
    "accounts/apikey/": 2,
    "accounts/user/": 6,
    "orders/order/": 8,
    "orders/orderevent/": 5,
    "orders/shipment/": 3,
    "payments/payment/": 2,
    "products/product/": 5,
    "products/stockmovement/": 6,
}
"""How many choices the filters of a list have at least."""

EXPECTED = OTHERS | {
    model + page: status for model, pages in MODELS.items() for page, status in pages.items()
}


@pytest.fixture(autouse=True)
def _one_of_everything() -> None:
    add_rows("1")


def add_rows(name: str) -> None:
    """Add a row to every list."""
    client_id = issue_key(client_name=f"shop {name}").key.client_id
    product = create_product(name="Blue Mug", price="9.50", stock_quantity=10, low_stock_at=10)
    lines = [LineRequest(path="", product_id=product.pk, quantity=2)]
    placed = place_order(order_request(client_id=client_id, actor="x", lines=lines))
    units: dict[str, Any] = {"path": "", "sku": product.sku, "quantity": 1}
    ship_orders([ShipmentRequest(order_id=placed.id, actor="x", lines=(LineUnits(**units),))])
    came_back = ReturnRequest(lines=(ReturnedUnits(**units, restock=True, reason="Small"),))
    return_goods(order_id=placed.id, request=came_back, actor="x", idempotency_key="a")
    money = Money(amount=Decimal(5), method="cash", note=f"note {name}")
    record_payment(order_id=placed.id, money=money, actor="x", idempotency_key="a")
    Group.objects.create(name=f"group {name}")
    User.objects.create_user(f"user {name}")


def routes(resolver: URLResolver, prefix: str = "") -> Iterator[str]:
    """The routes below a resolver, as written in the URL configuration."""
    for pattern in resolver.url_patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern, route)
        elif isinstance(pattern, URLPattern):
            yield route


def console_routes() -> list[str]:
    """The routes of the console, without the pages of services that MODELS does not list."""
    (console,) = (
        pattern
        for pattern in get_resolver().url_patterns
        if isinstance(pattern, URLResolver) and pattern.namespace == "admin"
    )
    listed = {model.partition("/")[0] for model in MODELS}
    labels = {service.label for service in services()} - listed
    return [each for each in routes(console) if each.partition("/")[0] not in labels]


def address(route: str) -> str:
    """A URL of the route, for the row that `add_rows` created."""
    model = "/".join(route.split("/")[:2])
    rows: dict[str, type[Model]] = {
        "accounts/apikey": ApiKey,
        "accounts/client": Client,
        "accounts/user": User,
        "auth/group": Group,
        "orders/order": Order,
        "orders/orderevent": OrderEvent,
        "orders/return": Return,
        "orders/shipment": Shipment,
        "payments/payment": Payment,
        "products/product": Product,
        "products/stockmovement": StockMovement,
    }
    if route.startswith(("^", "(")):
        return CONSOLE + ("orders/" if "app_label" in route else "nothing")
    if model not in rows:
        return CONSOLE + route.replace("<path:content_type_id>/<path:object_id>", "0/0")
    pk = rows[model]._default_manager.order_by("pk").values_list("pk", flat=True).first()
    head, found, tail = route.partition("<")
    return CONSOLE + (f"{head}{pk}{tail.partition('>')[2]}" if found else route)


def opened(browser: Browser) -> dict[str, int]:
    return {route: browser.get(address(route)).status_code for route in console_routes()}


def test_a_superuser_gets_what_is_expected_and_nothing_is_left_out(admin_client: Browser) -> None:
    assert opened(admin_client) == EXPECTED


def test_the_old_address_of_a_row_leads_to_its_page(admin_client: Browser) -> None:
    for model in MODELS:
        answer = admin_client.get(address(model + NOWHERE), follow=True)
        assert answer.redirect_chain == [(address(model + "<path:object_id>/change/"), 302)]
        assert answer.status_code == 200


def test_who_may_see_everything_may_do_nothing() -> None:
    user = User.objects.create_user("ada", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    browser = Browser()
    browser.force_login(user)
    seen = {model + page: status for model in MODELS for page, status in LOOK.items()}
    refused = dict.fromkeys(EXPECTED.keys() - OTHERS.keys() - seen.keys(), 403)
    assert opened(browser) == OTHERS | seen | refused


def test_the_staff_without_permissions_sees_no_row() -> None:
    browser = Browser()
    browser.force_login(User.objects.create_user("ada", is_staff=True))
    refused = dict.fromkeys(EXPECTED.keys() - OTHERS.keys(), 403)
    nowhere = {model + NOWHERE: 302 for model in MODELS}
    assert opened(browser) == OTHERS | {APP_LIST: 404} | refused | nowhere


@pytest.mark.parametrize("signed_in", [False, True])
def test_who_is_not_on_the_staff_is_sent_to_sign_in(signed_in: bool) -> None:
    browser = Browser()
    if signed_in:
        browser.force_login(User.objects.get(username="user 1"))
    for route in EXPECTED.keys() - {"login/", "logout/"}:
        page = address(route)
        answer = browser.get(page)
        assert (answer.status_code, answer.headers.get("Location")) == (
            302,
            f"{reverse('admin:login')}?next={page}",
        )
    assert browser.get(reverse("admin:login")).status_code == 200


def test_the_statements_of_a_list_do_not_grow(admin_client: Browser) -> None:
    assert LISTS.keys() == MODELS.keys()

    def statements(model: str) -> int:
        page = address(model)
        with CaptureQueriesContext(connection) as captured:
            assert admin_client.get(page).status_code == 200
        return len(captured)

    assert {model: statements(model) for model in LISTS} == LISTS
    for name in "23456":
        add_rows(name)
    assert {model: statements(model) for model in LISTS} == LISTS


def foreign_lookups(model: type[Model]) -> list[str]:
    """Look-ups on every column of a model, and on the columns of what it refers to."""
    names = [field.name for field in model._meta.concrete_fields]
    related = [
        f"{field.name}__{other.name}"
        for field in model._meta.concrete_fields
        if field.related_model
        for other in field.related_model._meta.concrete_fields
    ]
    suffixes = ("__regex", "__iregex", "__icontains", "__endswith", "__ne", "")
    return [f"{name}{suffix}" for name in (*names, *related) for suffix in suffixes]


@pytest.mark.parametrize("model", [*site._registry], ids=lambda model: model._meta.label)
def test_a_list_takes_no_look_up_but_those_that_it_declares(
    admin_client: Browser, model: type[Model]
) -> None:
    """A regular expression would hold up all threads of the process, on SQLite."""
    page = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    for lookup in foreign_lookups(model):
        if (model, lookup) == (StockMovement, "product"):  # the link on the product's page
            continue
        answer = admin_client.get(page, {lookup: "1"})
        # Django leads back to the list where a look-up does not exist.
        refused = (400, None) if answer.status_code == 400 else (302, f"{page}?e=1")
        assert (answer.status_code, answer.headers.get("Location")) == refused, lookup
    assert admin_client.get(page, {f"{model._meta.pk.name}__regex": "1"}).status_code == 400


@pytest.mark.parametrize("model", MODELS)
def test_every_link_of_a_list_is_taken(admin_client: Browser, model: str) -> None:
    page = address(model)
    links = set(re.findall(r'href="(\?[^"]*)"', admin_client.get(page).content.decode()))
    assert len([link for link in links if "o=" not in link]) >= FILTERS.get(model, 0)
    for link in links:
        assert admin_client.get(page + unescape(link)).status_code == 200, link


def test_the_stock_movements_of_a_product_are_linked(admin_client: Browser) -> None:
    product = Product.objects.get()
    create_product(name="Pen", price="1", stock_quantity=1)
    details = admin_client.get(reverse("admin:products_product_change", args=[product.pk]))
    link = f"{reverse('admin:products_stockmovement_changelist')}?product={product.pk}"
    assert f'href="{link}"' in details.content.decode()
    assert admin_client.get(link).context["cl"].result_count == 4
