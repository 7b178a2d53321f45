"""`/livez` and `/readyz` on the ASGI front: without the threads of requests, and for strangers."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from threading import Event
from typing import Any

import pytest

from monoservices.server import health
from monoservices.server.front import Front
from monoservices.server.health import Health
from monoservices.tests.server.steps import Clock
from tests.asgi import Reply, call, http_scope, messages_of

ENOUGH = 10
"""Seconds after which a test that hangs fails."""
OK = {"content-type": "application/json", "content-length": "16", "cache-control": "no-store"}
ALIVE = Reply(200, OK, b'{"status": "ok"}')


class Checks:
    """What stands in for the checks of a database, and how often it was asked."""

    def __init__(self) -> None:
        self.asked = {"reads": 0, "writes": 0}
        self.fails: set[str] = set()
        self.go_on = Event()
        self.go_on.set()

    def check(self, what: str) -> Callable[[], None]:
        def ask() -> None:
            self.asked[what] += 1
            assert self.go_on.wait(2 * ENOUGH)
            if what in self.fails:
                raise OSError("no password for 10.0.0.5")

        return ask


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> Checks:
    checks = Checks()
    monkeypatch.setattr(health, "check_reads", checks.check("reads"))
    monkeypatch.setattr(health, "check_writes", checks.check("writes"))
    return checks


def busy(environ: dict[str, Any], start_response: Any) -> Any:
    raise AssertionError("no thread of a request is there for this")


def play(scene: Callable[[Front], Awaitable[None]]) -> None:
    async def run() -> None:
        front = Front(busy)
        await scene(front)
        await messages_of(front, {"type": "lifespan"}, {"type": "lifespan.shutdown"})

    asyncio.run(run())


async def get(front: Front, path: str, query: str = "", *, method: str = "GET") -> Reply:
    scope = http_scope(method, path, [("host", "10.0.0.7")], query=query)
    return await asyncio.wait_for(call(front, scope), ENOUGH)


def test_livez_asks_nobody(checks: Checks) -> None:
    async def scene(front: Front) -> None:
        assert await get(front, "/livez") == ALIVE
        assert await get(front, "/livez", method="HEAD") == ALIVE._replace(body=b"")

    play(scene)
    assert checks.asked == {"reads": 0, "writes": 0}


def test_readyz_tells_reads_from_writes(checks: Checks, caplog: pytest.LogCaptureFixture) -> None:
    checks.fails = {"writes"}

    async def scene(front: Front) -> None:
        assert await get(front, "/readyz") == ALIVE
        assert await get(front, "/readyz", "writes=0") == ALIVE
        refused = await get(front, "/readyz", "a=b&writes=1")
        assert (refused.status, refused.headers["retry-after"]) == (503, "1")
        assert refused.headers["content-type"] == "application/problem+json"
        assert b"The database cannot be written." in refused.body
        assert b"10.0.0.5" not in refused.body

    with caplog.at_level(logging.WARNING):
        play(scene)
    said = [each.getMessage() for each in caplog.records if each.name == health.__name__]
    assert said == ["not ready: no password for 10.0.0.5"]


def test_one_check_runs_at_a_time_for_all_who_ask(checks: Checks) -> None:
    checks.go_on.clear()

    async def scene(front: Front) -> None:
        asking = [asyncio.create_task(get(front, "/readyz")) for _ in range(1_000)]
        await asyncio.sleep(0.05)
        assert await get(front, "/livez") == ALIVE
        checks.go_on.set()
        assert await asyncio.gather(*asking) == [ALIVE] * 1_000
        assert await get(front, "/readyz") == ALIVE

    play(scene)
    assert checks.asked["reads"] == 1


def test_a_result_counts_for_a_moment(checks: Checks) -> None:
    async def scene(front: Front) -> None:
        clock = Clock()
        assert (await get(front, "/readyz")).status == 200
        checks.fails = {"reads"}
        clock.ahead += health.RESULT_SECONDS + 1
        assert (await get(front, "/readyz")).status == 503
        checks.fails = set()
        clock.ahead += health.RESULT_SECONDS + 1
        assert (await get(front, "/readyz")).status == 200

    play(scene)
    assert checks.asked["reads"] == 3


def test_nobody_waits_for_a_check_that_hangs(
    checks: Checks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "CHECK_SECONDS", 0.05)
    checks.go_on.clear()

    async def scene(front: Front) -> None:
        assert [(await get(front, "/readyz")).status for _ in range(3)] == [503] * 3
        assert (await get(front, "/readyz", "writes=1")).status == 503
        checks.go_on.set()

    play(scene)
    assert checks.asked == {"reads": 1, "writes": 1}


def test_what_is_not_asked_about_health() -> None:
    lane = Health()
    asked = [("GET", "/livez"), ("GET", "/readyz"), ("POST", "/livez"), ("GET", "/livez/")]
    assert [lane.answers(http_scope(*each)) for each in asked] == [True, True, False, False]
