"""Requests: pages without a frame of their service, and what the settings bring along."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest
from django.template import RequestContext, Template
from django.test import Client as Browser
from django.test import RequestFactory
from django.urls import reverse
from pytest_django import Settings

from apps.orders.tests.factories import line, make_order
from apps.orders.tests.product_rows import make_product
from apps.products.models import Product
from monoservices.boundaries.guard.judging import BoundaryViolation
from monoservices.testing import SeenViolations
from tests.guard.standing import VIEWS, standing_in

pytestmark = pytest.mark.django_db

PRODUCTS = "reads products_product of products"


@pytest.fixture
def order_id() -> int:
    return make_order(line(make_product(name="Blue Mug").id)).pk


@pytest.mark.urls("tests.guard.guarded_urls")
@pytest.mark.parametrize(
    ("path", "speaker"),
    [
        ("rendered-later", f"{VIEWS}._rendered_later"),
        ("generic", f"{VIEWS}.GenericView"),
        ("rest", f"{VIEWS}.RestView"),
        ("console/orders/orderline/", "apps.orders.admin.LineAdmin"),
        ("plain/orders/orderline/", "apps.orders.models.OrderLine"),
    ],
)
def test_a_page_runs_for_the_service_whose_address_it_is(
    admin_client: Browser, boundary_guard: SeenViolations, order_id: int, path: str, speaker: str
) -> None:
    with pytest.raises(BoundaryViolation):
        admin_client.get(f"/{path}")
    [violation] = boundary_guard.take()
    assert violation.what == f"{speaker} of orders {PRODUCTS}"


@pytest.mark.urls("tests.guard.guarded_urls")
def test_a_page_of_the_project_is_free(client: Browser, order_id: int) -> None:
    assert client.get("/of-the-project").content == b"Blue Mug"


def test_pages_of_orders_read_what_django_knows_of_users(
    admin_client: Browser, order_id: int
) -> None:
    """Who is signed in, what they may do, and what they did."""
    ship = reverse("admin:orders_order_ship", args=[order_id])
    assert admin_client.post(ship, {"version": 1}).status_code == 302
    history = admin_client.get(reverse("admin:orders_order_history", args=[order_id]))
    assert b"Changed status." in history.content


def test_permissions_are_asked_of_django(staff: Callable[..., Browser], order_id: int) -> None:
    staff("view_order")
    user = get_user_model().objects.get()
    ask = standing_in(VIEWS, lambda: user.has_perm("orders.view_order"))
    assert ask() is True


def test_a_user_is_no_way_to_the_tables_of_accounts(
    refused: Callable[..., str], staff: Callable[..., Browser]
) -> None:
    staff()
    user = get_user_model().objects.get()
    read = standing_in(VIEWS, lambda: list(user.groups.all()))
    assert "reads accounts_user_groups" in refused(read, other="accounts")
    write = standing_in(VIEWS, lambda: get_user_model().objects.create_user("eve"))
    assert "changes accounts_user " in refused(write, other="accounts")


def test_a_backend_that_the_settings_name_is_called_by_django(
    staff: Callable[..., Browser], monkeypatch: pytest.MonkeyPatch
) -> None:
    staff()
    user = get_user_model().objects.get()

    def has_perm(self: Any, user_obj: Any, perm: str, obj: Any = None) -> Any:
        return not user_obj.groups.exists()

    own = standing_in("apps.accounts.backends", has_perm)
    monkeypatch.setattr(ModelBackend, "has_perm", own)
    assert standing_in(VIEWS, lambda: user.has_perm("anything"))() is True


@pytest.mark.urls("tests.guard.guarded_urls")
def test_a_middleware_calls_nobody(
    client: Browser, boundary_guard: SeenViolations, order_id: int, settings: Settings
) -> None:
    settings.MIDDLEWARE = ["tests.guard.guarded_urls.looking_on"]
    with pytest.raises(BoundaryViolation) as caught:
        client.get("/rest")
    boundary_guard.take()
    assert caught.value.service == "orders"


def test_a_context_processor_is_called_by_django(rf: RequestFactory, order_id: int) -> None:
    def shop(request: HttpRequest) -> dict[str, object]:
        return {"products": Product.objects.count()}

    processor = standing_in("apps.products.context_processors", shop)

    def render() -> str:
        context = RequestContext(rf.get("/"), processors=[processor])
        return Template("{{ products }}").render(context)

    assert standing_in(VIEWS, render)() == "1"
