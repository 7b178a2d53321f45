"""Every refusal leaves one line in the log, with the id that its response has, on every way."""

import asyncio
import json
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from django.test import Client

from apps.products.operations import create_product
from conftest import Api
from monoservices.api.refusals import refusals
from monoservices.server.front import Front
from monoservices.server.kinds import STRANGERS_WAITING
from tests.asgi import http_scope, messages_of, new_django, request_parts, serving

ORDERS = "/api/v1/orders/"
ID = "id-of-the-test"
Lines = Callable[[], list[str]]


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Lines:
    """The log lines about refusals since they were last asked for."""
    monkeypatch.setattr(refusals, "_kinds", {})

    def lines() -> list[str]:
        found = [each.getMessage() for each in caplog.records if each.name.endswith("refusals")]
        caplog.clear()
        return found

    return lines


async def ask(
    front: Front, body: bytes, headers: Iterable[tuple[str, str]] = ()
) -> tuple[int, str | None]:
    """The status of an order that is sent, and the id of its request."""
    usual = {"x-request-id": ID, "content-type": "application/json"}
    named = usual | {"content-length": str(len(body))} | dict(headers)
    scope = http_scope("POST", ORDERS, named.items())
    [start, _] = await messages_of(front, scope, *request_parts(body))
    found = dict(start["headers"]).get(b"x-request-id")
    return start["status"], None if found is None else found.decode()


@pytest.mark.django_db(transaction=True)
def test_on_both_lanes(api: Api, lines: Lines) -> None:
    product = create_product(name="Mug", price="9.99", stock_quantity=1).pk
    one, two = (
        json.dumps({"product_id": product, "quantity": quantity}).encode() for quantity in (1, 2)
    )
    express = {"authorization": f"Bearer {api.secret}"}
    django = express | {"accept": "application/json, */*"}
    unknown = {"authorization": "Bearer tp_" + "x" * 43}

    async def scene() -> list[tuple[int, str | None]]:
        requests: list[tuple[bytes, Any]] = [
            (two, express),
            (two, django),
            (two, unknown),
            (b"{", django),
            (one, express),
            (two, express | {"x-request-id": "\x7f"}),
        ]
        async with serving(new_django()) as front:
            return [await ask(front, body, headers.items()) for body, headers in requests]

    *replies, (status, made) = asyncio.run(scene())
    assert replies == [(409, ID), (409, ID), (401, ID), (400, ID), (201, None)]
    assert (status, len(str(made))) == (409, 16)
    line, client = f"method=POST route={ORDERS} status=%s client=%s request_id=%s", api.client_id
    assert lines() == [
        line % ("409 code=out_of_stock", client, ID),
        line % ("409 code=out_of_stock", client, ID),
        line % ("401 code=invalid_key", "127.0.0.1", ID),
        line % ("400 code=malformed", client, ID),
        line % ("409 code=out_of_stock", client, made),
    ]


def test_what_comes_to_no_lane(lines: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene() -> list[tuple[int, str | None]]:
        async with serving(new_django()) as front:
            too_large = await ask(front, b"", [("content-length", str(2 * 1024 * 1024))])
            monkeypatch.setattr(front._django._kinds.strangers, "_present", 1 + STRANGERS_WAITING)
            return [too_large, await ask(front, b"{}")]

    assert asyncio.run(scene()) == [(413, ID), (503, ID)]
    rest = f"client=127.0.0.1 request_id={ID}"
    assert lines() == [
        f"method=POST route=- status=413 code=too_large {rest}",
        f"method=POST route=- status=503 code=unavailable {rest}",
    ]


@pytest.mark.django_db
def test_a_path_is_not_logged_but_its_route(lines: Lines) -> None:
    browser = Client(headers={"x-request-id": ID})
    for path in ("/secret\nin/the/path", "/api/v1/products/17/?token=secret"):
        browser.get(path)
    rest = f"client=127.0.0.1 request_id={ID}"
    assert lines() == [
        f"method=GET route=- status=404 code=- {rest}",
        "method=GET route=/api/v1/products/<int:product_id>/ status=401 code=not_authenticated "
        + rest,
    ]


def test_a_bug_has_its_traceback_and_its_line(
    lines: Lines, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("monoservices.metrics.views.may_read", fail)
    browser = Client(raise_request_exception=False, headers={"x-request-id": ID})
    assert browser.get("/metrics").headers["X-Request-ID"] == ID
    assert [each.name for each in caplog.records] == ["django.request", "monoservices.refusals"]
    assert "ZeroDivisionError" in caplog.text
    assert lines() == [
        f"method=GET route=/metrics status=500 code=- client=127.0.0.1 request_id={ID}"
    ]
