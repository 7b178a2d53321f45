"""Each request through Django is counted once, by method, route and status."""

import asyncio
from typing import Any

import pytest
from django.test import Client

from monoservices.server.kinds import THREADS, WAITING
from monoservices.tests.metrics.reading import Samples, growth, samples
from tests.asgi import call, http_scope, new_django, serving

COUNT = "monoservices_request_seconds_count"


@pytest.fixture
def before() -> Samples:
    return samples()


@pytest.mark.django_db
def test_by_method_route_and_status(before: Samples) -> None:
    browser = Client()
    assert browser.get("/livez").status_code == 200
    assert browser.get("/livez").status_code == 200
    assert browser.post("/livez").status_code == 405
    assert browser.get("/api/v1/products/17/").status_code == 401
    assert browser.get("/api/v1/products/18/").status_code == 401
    assert browser.get("/nowhere/").status_code == 404
    assert browser.generic("BREW", "/livez").status_code == 405
    assert browser.generic("WHEN", "/livez").status_code == 405
    assert growth(before, COUNT) == {
        "django, GET, /livez, 200": 2,
        "django, POST, /livez, 405": 1,
        "django, GET, /api/v1/products/<int:product_id>/, 401": 2,
        "django, GET, , 404": 1,
        "django, other, /livez, 405": 2,
    }


def test_what_fails_in_a_view_is_a_500(before: Samples, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("monoservices.metrics.views.may_read", fail)
    assert Client(raise_request_exception=False).get("/metrics").status_code == 500
    assert growth(before, COUNT) == {"django, GET, /metrics, 500": 1}


def test_through_the_front_too(before: Samples) -> None:
    async def scene() -> None:
        async with serving(new_django()) as front:
            assert (await call(front, http_scope("GET", "/livez"))).status == 200

    asyncio.run(scene())
    assert growth(before, COUNT) == {"none, GET, /livez, 200": 1}


def test_what_comes_to_no_lane(before: Samples, monkeypatch: pytest.MonkeyPatch) -> None:
    too_large = http_scope("POST", "/livez", [("content-length", str(2 * 1024 * 1024))])

    async def scene() -> None:
        async with serving(new_django()) as front:
            assert (await call(front, too_large)).status == 413
            monkeypatch.setattr(front._django._kinds.ordinary, "_present", THREADS + WAITING)
            assert (await call(front, http_scope("GET", "/"))).status == 503

    asyncio.run(scene())
    assert growth(before, COUNT) == {"none, POST, , 413": 1, "none, GET, , 503": 1}
