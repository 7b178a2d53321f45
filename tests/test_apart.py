"""Sign-ins, exports and large files through the front, beside orders and reads."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from threading import Barrier, Event
from typing import Any

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.contrib.staticfiles import finders
from django.http import HttpResponse
from django.urls import resolve

from apps.orders.models import Order
from apps.products.operations import create_product
from conftest import Api
from monoservices.server.asgi import Message
from monoservices.server.front import Front
from monoservices.server.kinds import HASHING_WAITING, THREADS
from monoservices.services.config import served_services
from tests.asgi import Reply, call, http_scope, new_django, post_order, request_parts, serving

ENOUGH = 20
"""Seconds after which a test that hangs fails."""
FORM = [
    ("content-type", "application/x-www-form-urlencoded"),
    ("cookie", f"csrftoken={'a' * 32}"),
]
HASHING = {
    "/console/login/",
    "/console/password_change/",
    "/console/accounts/user/add/",
    "/console/accounts/user/17/password/",
}
BUNDLE = "drf_spectacular_sidecar/swagger-ui-dist/swagger-ui-bundle.js"

pytestmark = pytest.mark.django_db(transaction=True)


class SlowHasher(MD5PasswordHasher):
    """Hashes when it may."""

    begins = Event()
    may_go_on = Event()

    def encode(self, password: str, salt: str) -> str:
        self.begins.set()
        assert self.may_go_on.wait(ENOUGH)
        return super().encode(password, salt)


@pytest.fixture
def _slow_hashes(settings: Any) -> None:
    SlowHasher.begins.clear()
    SlowHasher.may_go_on.clear()
    settings.PASSWORD_HASHERS = [f"{__name__}.SlowHasher"]


async def sign_in(front: Front) -> Reply:
    body = f"csrfmiddlewaretoken={'a' * 32}&username=ada&password=wrong".encode()
    length = [("content-length", str(len(body)))]
    return await call(front, http_scope("POST", "/console/login/", FORM + length), body)


@asynccontextmanager
async def wrong_passwords(front: Front, count: int) -> AsyncIterator[None]:
    """Sign in so many times at the same time. Each is answered after the block, and no sooner."""
    signing_in = [asyncio.create_task(sign_in(front)) for _ in range(count)]
    assert await asyncio.to_thread(SlowHasher.begins.wait, ENOUGH)
    yield
    assert not any(each.done() for each in signing_in)
    SlowHasher.may_go_on.set()
    front._django._kinds.hashing._rest = 0.0
    replies = await asyncio.wait_for(asyncio.gather(*signing_in), ENOUGH)
    assert {reply.status for reply in replies} == {200}


def play(scene: Callable[[Front], Any]) -> None:
    async def run() -> None:
        async with serving(new_django()) as front:
            await asyncio.wait_for(scene(front), ENOUGH)

    asyncio.run(run())


def get(front: Front, path: str, secret: str | None = None) -> Any:
    headers = [] if secret is None else [("authorization", f"Bearer {secret}")]
    return call(front, http_scope("GET", path, headers))


@pytest.mark.usefixtures("_slow_hashes")
def test_wrong_passwords_keep_nobody_else_waiting(api: Api) -> None:
    product = create_product(name="Mug", price="9.99", stock_quantity=5).pk
    order = f'{{"product_id": {product}, "quantity": 1}}'.encode()

    async def scene(front: Front) -> None:
        async with wrong_passwords(front, 1 + HASHING_WAITING):
            # The first order after a start waits for no thread of Django's.
            assert (await post_order(front, order, api.secret)).status == 201
            for path in ("/livez", "/readyz", "/console/login/", f"/api/v1/products/{product}/"):
                assert (await get(front, path, api.secret)).status == 200, path
            refused = await sign_in(front)
            assert (refused.status, refused.headers["retry-after"]) == (503, "1")

    play(scene)
    assert Order.objects.count() == 1


def test_where_passwords_are_hashed() -> None:
    [named] = [each.hashes_passwords for each in served_services() if each.hashes_passwords]
    assert {resolve(path).view_name for path in HASHING} == set(named)


def test_with_every_thread_busy_an_order_is_placed_and_health_is_told(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    product = create_product(name="Mug", price="9.99", stock_quantity=5).pk
    order = f'{{"product_id": {product}, "quantity": 1}}'.encode()
    all_busy, go_on = Barrier(THREADS + 1), Event()

    def wait(*_: Any) -> HttpResponse:
        if not go_on.is_set():
            all_busy.wait(ENOUGH)
        assert go_on.wait(ENOUGH)
        return HttpResponse()

    monkeypatch.setattr("config.views.render", wait)

    async def scene(front: Front) -> None:
        waiting = [asyncio.create_task(get(front, "/")) for _ in range(2 * THREADS)]
        await asyncio.to_thread(all_busy.wait, ENOUGH)
        assert (await post_order(front, order, api.secret)).status == 201
        assert (await get(front, "/livez")).status == 200
        assert (await get(front, "/readyz")).status == 200
        go_on.set()
        assert {reply.status for reply in await asyncio.gather(*waiting)} == {200}

    play(scene)


def test_a_static_file_needs_no_thread_where_the_server_sends_files() -> None:
    """Also for a part of it, which would be a stream."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    messages = iter(request_parts(b""))

    async def receive() -> Message:
        for message in messages:
            return message
        return await asyncio.Future()  # the client stays

    async def scene(front: Front) -> None:
        scope = http_scope("GET", f"/static/{BUNDLE}", [("range", "bytes=1-9")])
        await front(scope | {"extensions": {"http.response.pathsend": {}}}, receive, send)

    play(scene)
    path = str(finders.find(BUNDLE))
    start, file = sent
    assert (start["status"], dict(start["headers"])[b"content-length"]) == (
        200,
        str(Path(path).stat().st_size).encode(),
    )
    assert file == {"type": "http.response.pathsend", "path": path}
