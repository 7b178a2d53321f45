"""The first page: a greeting in a demo shop, links for strangers, numbers for staff; the icon."""

import re
import struct
import tomllib
from collections.abc import Callable
from html import unescape
from itertools import pairwise
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.html import parse_html
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.accounts.models import User
from config.views import KEY
from monoservices.services.config import served_services
from tests.__main__ import ROOT
from tests.test_staff_pages import add_rows

pytestmark = pytest.mark.django_db

LINKS = {"Console": "admin:index", "API": "api-docs", "OpenAPI": "schema"} | {
    "Alive": "livez",
    "Ready": "readyz",
}


@pytest.fixture(autouse=True)
def _one_of_everything() -> None:
    add_rows("1")


@pytest.fixture
def demo(settings: Any) -> None:
    """The setting with which `make run` starts its server."""
    settings.DEMO = True


def read(browser: Browser) -> str:
    return browser.get("/", headers={"host": "127.0.0.1:8000"}).content.decode()


def words(page: str) -> str:
    """What a reader sees of the body."""
    body = page.partition("<body>")[2]
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", body)).split())


def counts(browser: Browser) -> dict[str, str]:
    """What the page says of each table."""
    return dict(re.findall("<dt>(.*?)</dt><dd>(.*?)</dd>", read(browser)))


def test_strangers_see_links_and_nothing_else(
    client: Browser, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(0):
        seen = read(client)
    assert words(seen) == " ".join(["Tradepost", *LINKS, "Documentation"])
    client.force_login(User.objects.get(username="user 1"))  # who is not on the staff
    assert read(client) == seen


@pytest.mark.usefixtures("demo")
def test_who_has_just_run_it_sees_how_to_begin(
    client: Browser, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(0):
        page = read(client)
    assert page.count(f"<mark>{KEY}</mark>") == 2  # placing an order, and a payment for it
    shown = re.search(r"<pre.*?><code>(.*?)</code></pre>", page, re.DOTALL)
    assert shown
    command = unescape(re.sub(r"</?mark>", "", shown[1]))
    idempotency_key = re.search("[0-9a-f]{16}", command)
    assert idempotency_key
    assert command.replace(" \\\n ", "") == (
        f"curl -i http://127.0.0.1:8000/api/v1/orders/ -H 'Authorization: Bearer {KEY}'"
        f" -H 'Idempotency-Key: {idempotency_key[0]}' -H 'Content-Type: application/json'"
        """ -d '{"product_id": 1, "quantity": 1}'"""
    )
    assert counts(client) == {}


@pytest.mark.parametrize("shown", [False, True])
def test_it_links_to_what_is_there(client: Browser, shown: bool, settings: Any) -> None:
    settings.DEMO = shown
    page = read(client)
    for name in LINKS.values():
        assert f'href="{reverse(name)}"' in page
        assert client.get(reverse(name)).status_code in (200, 302)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert f'href="{project["urls"]["Documentation"]}"' in page
    outside = re.findall(r'(?:href|src)="(?!/)([^"]*)"|url\((.*?)\)', page)
    assert outside == [(project["urls"]["Documentation"], "")]


@pytest.mark.parametrize("shown", [False, True])
def test_it_is_well_formed(admin_client: Browser, shown: bool, settings: Any) -> None:
    settings.DEMO = shown
    page = read(admin_client)
    parse_html(page)  # raises HTMLParseError on tags that are not closed, or closed twice
    levels = [int(each) for each in re.findall(r"<h([1-6])>", page)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(below - above <= 1 for above, below in pairwise(levels))


def test_staff_see_counts_of_what_they_may_view(
    staff: Callable[..., Browser], monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = staff("view_order", "view_user")
    seen = {name: count for name, count in counts(browser).items() if count}
    assert seen == {"Orders": "1", "Users": "2"}
    monkeypatch.setattr("config.views.COUNTED", 1)
    seen = {name: count for name, count in counts(browser).items() if count}
    assert seen == {"Orders": "1", "Users": "more than 1"}


@pytest.mark.parametrize("shown", [False, True])
def test_no_large_table_is_counted_whole(admin_client: Browser, shown: bool, settings: Any) -> None:
    settings.DEMO = shown
    tables = [model for service in served_services() for model in service.get_models()]
    with CaptureQueriesContext(connection) as captured:
        seen = counts(admin_client)
    assert seen["Products"] == "1"
    assert len(seen) == len(tables)
    counting = [each["sql"] for each in captured if "COUNT(" in each["sql"]]
    assert len(counting) == len(tables)
    assert all("LIMIT 10001" in each for each in counting)


def test_the_icon(client: Browser, django_assert_num_queries: Any) -> None:
    """Its format: https://en.wikipedia.org/wiki/ICO_(file_format)."""
    with django_assert_num_queries(0):
        answer = client.get("/favicon.ico")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/x-icon")
    assert answer.headers["Cache-Control"] == "public, max-age=86400"
    assert "Vary" not in answer.headers
    icon = answer.content
    assert len(icon) < 2_000
    assert struct.unpack_from("<HHH", icon) == (0, 1, 3)
    entries = [struct.unpack_from("<BBBBHHII", icon, 6 + 16 * each) for each in range(3)]
    assert [(width, height) for width, height, *_ in entries] == [(16, 16), (32, 32), (48, 48)]
    for *_, size, offset in entries:
        image = icon[offset : offset + size]
        assert image.startswith(b"\x89PNG\r\n\x1a\n")
        assert image.endswith(b"IEND\xaeB`\x82")


@pytest.mark.parametrize("page", ["/", "/api/docs/", "/console/", "/problems/not_found/"])
def test_every_page_links_to_the_icon(client: Browser, admin_client: Browser, page: str) -> None:
    for browser in (client, admin_client):
        answer = browser.get(page, follow=True).content.decode()
        assert re.findall(r'<link rel="icon" href="(.*?)"', answer) == ["/favicon.ico"]
