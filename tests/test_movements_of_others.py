"""Who moved stock, and for which order, is shown to whoever may see every client's orders."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.test import Client as Browser
from django.urls import reverse

from apps.products.models import Product, StockMovement
from apps.products.operations import create_product
from conftest import Api
from monoservices.services.scopes import Oversight
from monoservices.services.selection import select

MakeApi = Callable[..., Api]
Shown = list[tuple[str, str]]


@pytest.fixture
def mug(db: None) -> Product:
    """A product that was received by the staff, and ordered by "one" and by "two"."""
    return create_product(sku="MUG", name="Mug", price="1", stock_quantity=9, actor="staff:bob")


@pytest.fixture
def movements(make_api: MakeApi, mug: Product) -> dict[str, tuple[str, str]]:
    """(reference, actor) of the staff's movement, and of those that orders of clients made."""
    for client in ("one", "two"):
        api = make_api("orders:write", client=client)
        assert api.post("orders/", {"product_id": mug.pk, "quantity": 1}).status == 201
    bob, one, two = StockMovement.objects.order_by("pk").values_list("reference", "actor")
    assert {*bob, *one, *two} >= {"staff:bob"}
    assert "" not in {*one, *two}
    return {"bob": bob, "one": one, "two": two}


def seen(api: Api, product: Product) -> Shown:
    """(reference, actor) of each movement, oldest first."""
    answer = api.get(f"products/{product.pk}/movements/")
    assert answer.status == 200
    return [(each["reference"], each["actor"]) for each in reversed(answer.json["results"])]


def test_a_client_sees_its_own_movements_whole_and_no_others(
    make_api: MakeApi, mug: Product, movements: dict[str, tuple[str, str]]
) -> None:
    hidden = ("", "")
    assert seen(make_api("products:read", client="one"), mug) == [hidden, movements["one"], hidden]
    every_other = ("products:read", "products:write", "stock:write", "orders:read", "orders:price")
    assert seen(make_api(*every_other, client="three"), mug) == [hidden] * 3


def test_who_manages_orders_sees_every_movement_whole(
    make_api: MakeApi, mug: Product, movements: dict[str, tuple[str, str]]
) -> None:
    api = make_api("products:read", "orders:manage", client="three")
    assert seen(api, mug) == [*movements.values()]


def test_what_is_hidden_is_all_that_differs(
    make_api: MakeApi, mug: Product, movements: dict[str, tuple[str, str]]
) -> None:
    address = f"products/{mug.pk}/movements/"
    stranger = make_api("products:read", client="three").get(address).json
    manager = make_api("products:read", "orders:manage", client="three").get(address).json
    hidden = {"reference": "", "actor": ""}
    assert stranger == manager | {"results": [each | hidden for each in manager["results"]]}


def test_the_stock_that_a_client_moves_is_answered_whole(make_api: MakeApi, mug: Product) -> None:
    api = make_api("stock:write")
    moved = api.post(f"products/{mug.pk}/stock/", {"counted": 8}).json
    assert moved["actor"] == f"client:{api.client_id}"


def test_staff_who_may_not_view_orders_do_not_see_who_moved_stock(
    staff: Callable[..., Browser], movements: dict[str, tuple[str, str]]
) -> None:
    browser = staff("view_stockmovement")
    assert _console(browser) == ""
    found = browser.get(_LEDGER, {"q": movements["one"][0]}).content.decode()
    assert re.findall(r'field-delta">([^<]*)<', found) == []


def test_staff_who_may_view_orders_see_it(
    staff: Callable[..., Browser], movements: dict[str, tuple[str, str]]
) -> None:
    browser = staff("view_stockmovement", "view_order")
    text = _console(browser)
    assert all(value in text for value in ("staff:bob", *movements["one"], *movements["two"]))
    found = browser.get(_LEDGER, {"q": movements["one"][0]}).content.decode()
    assert re.findall(r'field-delta">([^<]*)<', found) == ["-1"]


_LEDGER = "/console/products/stockmovement/"


def _console(browser: Browser) -> str:
    """What the list and the pages of all movements say in the columns about others."""
    ids = StockMovement.objects.values_list("pk", flat=True)
    rows = [reverse("admin:products_stockmovement_change", args=[pk]) for pk in ids]
    texts: list[str] = []
    for page in [_LEDGER, *rows]:
        answer: Any = browser.get(page)
        assert answer.status_code == 200
        texts += re.findall(r"(?:staff|client|order):\w+", answer.content.decode())
    return " ".join(text for text in texts if text != "order:17")  # the search's example


def test_every_selection_of_services_knows_who_sees_what_others_did() -> None:
    alone = select(settings.SERVICES, named=["products"], platform=["accounts"])
    assert "apps.orders" not in alone.installed
    assert alone.oversight == (Oversight("orders:manage", "orders.view_order"),)
    assert alone.oversight == settings.OVERSIGHT
