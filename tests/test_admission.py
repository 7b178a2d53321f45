"""Who sends a large body is known before the body is read, or gets the view's answer without it."""

import asyncio
import json
from typing import Any

import pytest

from apps.accounts.operations import issue_key, revoke_key
from apps.accounts.scopes import known_scopes
from monoservices.server import body
from monoservices.server.admission import is_stranger
from monoservices.server.asgi import Scope
from monoservices.server.body import CALLERS_DISK, CALLERS_MEMORY, SMALL, STRANGERS_MEMORY
from monoservices.server.django_lane import DjangoLane
from monoservices.server.front import Front
from tests.asgi import Reply, call, http_scope, messages_of, new_django, reply_of, serving

ORDERS, IMPORT = "/api/v1/orders/", "/api/v1/products/import/"
UNKNOWN = "tp_" + "x" * 43

pytestmark = pytest.mark.django_db(transaction=True)

REFUSED = {
    "no key": (None, 401, "not_authenticated"),
    "empty": ("", 401, "invalid_key"),
    "no bearer key": ("Basic dXNlcjpwYXNz", 401, "invalid_key"),
    "malformed": ("Bearer x", 401, "invalid_key"),
    "unknown": (f"Bearer {UNKNOWN}", 401, "invalid_key"),
    "revoked": ("Bearer <revoked>", 401, "invalid_key"),
    "two": ("Bearer <all>,Bearer <all>", 401, "invalid_key"),
    "no scope": ("Bearer <reads>", 403, "missing_scope"),
}


@pytest.fixture(autouse=True)
def impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who reads on, although nothing comes, fails soon."""
    monkeypatch.setattr(body, "SECONDS", 2.0)


@pytest.fixture
def secrets() -> dict[str, str]:
    """The secrets of keys by name."""
    every = set(known_scopes())
    reads = {name for name in every if name.endswith(":read")}
    issued = {
        name: issue_key(client_name=name, scopes=scopes)
        for name, scopes in {"all": every, "reads": reads, "revoked": every}.items()
    }
    revoke_key(key_id=issued["revoked"].key.pk)
    return {name: each.secret for name, each in issued.items()}


def filled(template: str, secrets: dict[str, str]) -> str:
    for name, secret in secrets.items():
        template = template.replace(f"<{name}>", secret)
    return template


def large(
    path: str, authorization: str | None, *, announced: bool, method: str = "POST"
) -> tuple[Scope, tuple[bytes, ...]]:
    """A request with a large body: all of it is announced, or the first chunk is small."""
    headers = [("content-type", "text/csv" if path == IMPORT else "application/json")]
    if announced:
        headers.append(("content-length", str(SMALL + 1)))
    else:
        headers.append(("transfer-encoding", "chunked"))
    if authorization is not None:
        headers.append(("authorization", authorization))
    return http_scope(method, path, headers), () if announced else (b"x" * SMALL, b"x")


async def unread(front: Front, scope: Scope, parts: tuple[bytes, ...]) -> Reply:
    """The response to a request of which no more than `parts` may be received."""
    more: Any = [{"type": "http.request", "body": part, "more_body": True} for part in parts]
    return reply_of(await messages_of(front, scope, *more))


async def by_view(lane: DjangoLane, scope: Scope) -> Reply:
    """The response of the view to the same request with an empty body."""

    async def application(scope: Scope, _: Any, send: Any) -> None:
        await lane.respond(scope, b"", send)

    return reply_of(await messages_of(application, scope))


@pytest.mark.parametrize("announced", [True, False], ids=["announced", "chunked"])
def test_who_may_not_send_it_gets_the_views_answer_unread(
    secrets: dict[str, str], announced: bool
) -> None:
    async def run() -> dict[tuple[str, str], tuple[Reply, Reply]]:
        replies = {}
        lane = DjangoLane(new_django())
        async with serving(new_django()) as front:
            for name, (template, _, _) in REFUSED.items():
                authorization = template and filled(template, secrets)
                for path in (ORDERS, IMPORT):
                    scope, parts = large(path, authorization, announced=announced)
                    ours = await unread(front, scope, parts)
                    replies[name, path] = ours, await by_view(lane, scope)
            assert front._intake.strangers.memory == STRANGERS_MEMORY
            assert front._intake.callers.memory == CALLERS_MEMORY
            assert front._intake.callers.disk == CALLERS_DISK
        await lane.drain()
        return replies

    for (name, _), (ours, theirs) in asyncio.run(run()).items():
        assert (ours.status, json.loads(ours.body)["code"]) == REFUSED[name][1:]
        assert ours.body == theirs.body
        assert ours.headers["connection"] == "close"
        for header in ("content-type", "www-authenticate"):
            assert ours.headers.get(header) == theirs.headers.get(header)


def test_whose_key_is_missing_or_not_valid_is_a_stranger(secrets: dict[str, str]) -> None:
    async def run() -> dict[str, bool]:
        found = {}
        async with serving(new_django()) as front:
            for name, (template, status, _) in REFUSED.items():
                authorization = template and filled(template, secrets)
                scope, _ = large(ORDERS, authorization, announced=True, method="GET")
                found[name] = await is_stranger(scope, front.callers) == (status == 401)
            page = http_scope("GET", "/console/login/", [])
            found["page"] = not await is_stranger(page, front.callers)
        return found

    assert asyncio.run(run()) == dict.fromkeys([*REFUSED, "page"], True)


def test_the_front_lets_strangers_have_their_own_turns(secrets: dict[str, str]) -> None:
    async def run() -> tuple[int, int, int]:
        async with serving(new_django()) as front:

            async def get(key: str) -> int:
                headers = [("authorization", f"Bearer {key}")]
                scope = http_scope("GET", f"{ORDERS}1/events/", headers)
                return (await call(front, scope)).status

            async with front._django._kinds.strangers.turn():
                stranger = asyncio.create_task(get(UNKNOWN))
                known = await get(secrets["all"])
                front._django._kinds.strangers._rest = 0
                waiting = front._django._kinds.strangers._present
            return known, waiting, await stranger

    assert asyncio.run(run()) == (404, 2, 401)


def test_a_key_that_was_revoked_a_moment_ago_is_refused(secrets: dict[str, str]) -> None:
    async def run() -> list[Reply]:
        async with serving(new_django()) as front:
            scope, _ = large(ORDERS, f"Bearer {secrets['all']}", announced=True)
            await call(front, scope, b"{" + b" " * SMALL)
            await asyncio.to_thread(revoke)
            return [await unread(front, scope, ())]

    def revoke() -> None:
        from django.db import connections

        from apps.accounts.models import ApiKey

        [key] = ApiKey.objects.filter(client__name="all")
        revoke_key(key_id=key.pk)
        connections.close_all()

    [reply] = asyncio.run(run())
    assert reply.status == 401


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", ORDERS, 400),
        ("PUT", ORDERS, 405),
        ("OPTIONS", ORDERS, 200),
        ("GET", ORDERS, 200),
        ("HEAD", ORDERS, 200),
        ("POST", IMPORT, 200),
        # These need no key.
        ("POST", "/api/v1/nothing/", 404),
        ("POST", "/console/login/", 403),
    ],
)
def test_who_may_send_it_gets_the_views_answer(
    secrets: dict[str, str], method: str, path: str, status: int
) -> None:
    async def run() -> Reply:
        async with serving(new_django()) as front:
            scope, _ = large(path, f"Bearer {secrets['all']}", announced=True, method=method)
            return await call(front, scope, b"{" + b" " * SMALL)

    assert asyncio.run(run()).status == status
