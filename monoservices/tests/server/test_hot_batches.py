"""Batches of hot routes: who shares a trip, and whose outcome is whose."""

import asyncio
from collections.abc import Callable, Sequence
from threading import Event
from typing import Any

import pytest
from django.db import OperationalError

from monoservices.api.hot_routes import HotRead, HotRequest, HotRoute, Look
from monoservices.api.whole_response import WholeResponse
from monoservices.server import batching, hot_batches
from monoservices.server.callers import HeldKey, KeyChanged
from monoservices.server.hot_batches import HotBatches
from monoservices.services.scopes import Caller, Check

SECONDS = 10
GOOD, OTHER, CHANGED = (HeldKey(digest, Caller(1, frozenset())) for digest in "abc")

pytestmark = pytest.mark.django_db(transaction=True)


class Callers:
    """Knows that one key has changed; the keys of each trip."""

    def __init__(self) -> None:
        self.trips: list[str] = []

    def check(self, keys: Sequence[HeldKey]) -> Check:
        def ask() -> Callable[[], list[bool]]:
            self.trips.append("".join(key.digest for key in keys))
            return lambda: [key is not CHANGED for key in keys]

        return ask


class Doubling(HotRead[int, int]):
    """Doubles numbers, or fails at a zero. Each weighs as much as it is."""

    url_name = "double"

    def __init__(self) -> None:
        self.sent: list[Sequence[int]] = []

    def parse(self, request: HotRequest) -> int:
        return request.ids[0]

    def weight(self, item: int) -> int:
        return item

    def send(self, items: Sequence[int]) -> Look[int]:
        self.sent.append(list(items))
        if 0 in items:
            raise OperationalError("a zero")
        return lambda: [2 * item for item in items]

    def answer(self, item: int, outcome: int) -> WholeResponse:
        return WholeResponse(200, b"%d" % outcome)


class Negating(Doubling):
    """Negates numbers."""

    url_name = "negate"

    def send(self, items: Sequence[int]) -> Look[int]:
        self.sent.append(list(items))
        return lambda: [-item for item in items]


class Writing(HotRoute[int, int]):
    """Writes numbers, as far as the check allows it."""

    method, url_name, queue = "POST", "write", "writes"

    def __init__(self) -> None:
        self.written: list[list[int]] = []

    def parse(self, request: HotRequest) -> int:
        return request.ids[0]

    def carry_out(self, items: Sequence[int], check: Check | None = None) -> list[int | None]:
        assert check is not None
        allowed = check()()
        self.written.append([item for item, may in zip(items, allowed, strict=True) if may])
        return [item if may else None for item, may in zip(items, allowed, strict=True)]

    def answer(self, item: int, outcome: int) -> WholeResponse:
        return WholeResponse(201, b"%d" % outcome)


def submit(*sent: tuple[HotRoute[Any, Any], int, HeldKey], callers: Callers) -> list[Any]:
    """The outcomes of items that come at the same time; exceptions included."""

    async def run() -> list[Any]:
        batches = HotBatches(callers, [route for route, _, _ in sent])  # type: ignore[arg-type]
        submitted = (batches.submit(*each) for each in sent)
        outcomes = await asyncio.gather(*submitted, return_exceptions=True)
        await batches.drain()
        return outcomes

    return asyncio.run(asyncio.wait_for(run(), SECONDS))


def test_reads_of_all_routes_share_a_trip() -> None:
    double, negate, callers = Doubling(), Negating(), Callers()
    sent = [(double, 1, GOOD), (negate, 2, OTHER), (double, 3, OTHER), (negate, 4, GOOD)]
    assert submit(*sent, callers=callers) == [2, -2, 6, -4]
    assert (double.sent, negate.sent) == ([[1, 3]], [[2, 4]])
    assert callers.trips == ["abba"]


def test_whose_key_has_changed_learns_that_alone() -> None:
    double, callers = Doubling(), Callers()
    sent = [(double, 1, GOOD), (double, 2, CHANGED), (double, 3, GOOD)]
    first, second, third = submit(*sent, callers=callers)
    assert (first, type(second), third) == (2, KeyChanged, 6)


def test_a_route_that_writes_checks_by_itself() -> None:
    write, callers = Writing(), Callers()
    sent = [(write, 1, GOOD), (write, 2, CHANGED), (write, 3, GOOD)]
    first, second, third = submit(*sent, callers=callers)
    assert (first, type(second), third) == (1, KeyChanged, 3)
    assert write.written == [[1, 3]]


def test_reads_do_not_wait_for_writes() -> None:
    double, write = Doubling(), Writing()
    sent: list[Any] = [(double, 1, GOOD), (write, 2, GOOD), (double, 3, GOOD)]
    assert submit(*sent, callers=Callers()) == [2, 2, 6]
    assert (double.sent, write.written) == ([[1, 3]], [[2]])


def test_reads_give_way_to_a_write_that_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batching, "PATIENCE_SECONDS", SECONDS)
    double, write, callers = Doubling(), Writing(), Callers()
    begun, go_on = Event(), Event()

    def hold(items: Sequence[int], check: Check | None = None) -> Sequence[int | None]:
        begun.set()
        assert go_on.wait(SECONDS)
        return items

    async def run() -> list[Any]:
        batches = HotBatches(callers, [double, write])  # type: ignore[arg-type]
        written = asyncio.create_task(batches.submit(write, 1, GOOD))
        assert await asyncio.to_thread(begun.wait, SECONDS)
        read = asyncio.create_task(batches.submit(double, 2, GOOD))
        await asyncio.sleep(10 * batching.LOOK_SECONDS)
        assert double.sent == []
        go_on.set()
        outcomes = [await written, await read]
        await batches.drain()
        return outcomes

    monkeypatch.setattr(write, "carry_out", hold)
    assert asyncio.run(asyncio.wait_for(run(), SECONDS)) == [1, 4]


def test_an_item_that_fails_fails_alone() -> None:
    double = Doubling()
    sent = [(double, 1, GOOD), (double, 0, GOOD), (double, 3, GOOD)]
    first, second, third = submit(*sent, callers=Callers())
    assert (first, type(second), third) == (2, OperationalError, 6)


def test_a_batch_ends_before_it_is_too_heavy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hot_batches, "WEIGHT", 5)
    double = Doubling()
    sent = [(double, item, GOOD) for item in (2, 3, 1, 9, 4, 1)]
    assert submit(*sent, callers=Callers()) == [4, 6, 2, 18, 8, 2]
    assert double.sent == [[2, 3], [1], [9], [4, 1]]
