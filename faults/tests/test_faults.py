"""No fault may lose or duplicate an order: small versions of the faults of `python -m faults`."""

import asyncio
import importlib.util
import json
import re
from dataclasses import replace

import pytest
from django.db import connection

from benchmarks.servers import ROOT
from faults.__main__ import FAULTS
from faults.checks import Verdict, compare
from faults.clients import EXPRESS, Answers, Buyer, order_body
from faults.crowd import Crowd
from faults.kill_worker import kill
from faults.last_units import rush
from faults.lost_commit import url_through
from faults.postgres_wire import FromClient, Transactions
from faults.proxy import CommitCutter
from faults.same_key import order_with_one_key
from faults.server import Server
from faults.shop import Shop
from faults.sigterm import stop_under_load, stored_without_answer
from tests.conftest import MakeDatabase

FEW, MANY = 10, 1_000_000
SCARCE, PLENTY = 1, 2
"""The ids of a product with FEW units, and of one with MANY."""


@pytest.fixture(scope="module")
def template(make_database: MakeDatabase) -> Shop:
    return Shop.fill(make_database("faults_template", ""), [FEW, MANY])


@pytest.fixture
def shop(template: Shop, make_database: MakeDatabase, request: pytest.FixtureRequest) -> Shop:
    """A separate shop for each test, with a scarce and a plentiful product."""
    name = request.node.name.removeprefix("test_")[:40]
    return replace(template, url=make_database(f"faults_{name}", "faults_template"))


def stored_keys(shop: Shop) -> list[str]:
    return [key for (key,) in shop.query("SELECT idempotency_key FROM orders_order")]


CLEAN = Verdict(lost=0, doubled=0, differing=0, unexplained=0, sampled=0, books="")


def test_a_killed_worker_costs_no_order(shop: Shop) -> None:
    async def order_and_kill() -> tuple[Answers, Verdict]:
        async with Server(shop) as server:
            async with Crowd(server.port, server.secret, 16, [PLENTY]) as crowd:
                await crowd.flow(64)
                await kill(server)
                await crowd.flow(64)
            return crowd.answers, await compare(shop, server, crowd.answers, sample=16)

    answers, verdict = asyncio.run(order_and_kill())
    assert answers.retried, "the fault caused no retries"
    assert replace(verdict, sampled=0) == CLEAN
    assert sorted(stored_keys(shop)) == sorted(answers.placed)
    assert shop.stock(PLENTY) == MANY - len(answers.placed)


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has no connection to lose")
def test_an_order_whose_commit_was_not_heard_of_is_placed_once(shop: Shop) -> None:
    settings = connection.settings_dict
    stored_when_cut: list[str] = []

    async def look() -> None:
        stored_when_cut.extend(await asyncio.to_thread(stored_keys, shop))

    async def order_through_proxy() -> tuple[int, Answers, Verdict]:
        host, port = settings["HOST"] or "127.0.0.1", int(settings["PORT"] or 5432)
        answers = Answers()
        async with (
            CommitCutter(host, port) as proxy,
            Server(shop, url=url_through(proxy, shop.url)) as server,
        ):
            proxy.arm(look)
            buyer = Buyer(server.port, server.secret, answers)
            await buyer.place("lost", order_body(PLENTY))
            buyer.close()
            return proxy.cuts, answers, await compare(shop, server, answers)

    cuts, answers, verdict = asyncio.run(order_through_proxy())
    assert cuts == 1
    assert stored_when_cut == ["lost"]
    assert answers.placed.keys() == {"lost"}
    assert verdict == replace(CLEAN, sampled=1)
    assert stored_keys(shop) == ["lost"]
    assert shop.stock(PLENTY) == MANY - 1


def test_the_last_units_are_sold_once(shop: Shop) -> None:
    async def order_at_once() -> tuple[tuple[int, int], Answers, Verdict]:
        answers = Answers()
        async with Server(shop, workers=2) as server:
            counts = await rush(server, answers, SCARCE, 100, EXPRESS)
            return counts, answers, await compare(shop, server, answers)

    counts, answers, verdict = asyncio.run(order_at_once())
    assert counts == (FEW, 100 - FEW)
    assert verdict == replace(CLEAN, sampled=FEW)
    assert sorted(stored_keys(shop)) == sorted(answers.placed)
    assert shop.stock(SCARCE) == 0


def test_one_key_from_everywhere_is_one_order(shop: Shop) -> None:
    async def order_at_once() -> tuple[set[tuple[int, bytes]], Answers, Verdict]:
        answers = Answers()
        async with Server(shop, workers=2) as server:
            told = await order_with_one_key(server, answers, 50)
            return told, answers, await compare(shop, server, answers)

    told, answers, verdict = asyncio.run(order_at_once())
    assert told == {(201, body) for body in answers.placed.values()}
    assert verdict == replace(CLEAN, sampled=1)
    assert stored_keys(shop) == list(answers.placed)
    assert (answers.replays, shop.stock(SCARCE)) == (49, FEW - 1)


def test_a_server_that_is_told_to_stop_answers_for_what_it_has_done(shop: Shop) -> None:
    async def order_and_stop() -> tuple[int, Answers, Verdict]:
        answers = Answers()
        async with Server(shop) as server:
            status = await stop_under_load(server, answers, PLENTY, orders=64)
            await server.start()
            return status, answers, await compare(shop, server, answers, sample=16)

    status, answers, verdict = asyncio.run(order_and_stop())
    assert status == 0
    assert stored_without_answer(shop, answers) == set()
    assert replace(verdict, sampled=0) == CLEAN
    assert shop.stock(PLENTY) == MANY - len(answers.placed)


def test_the_comparison_sees_what_is_wrong(shop: Shop) -> None:
    """The control of the other tests: each change to the acknowledged orders is found."""

    async def order_and_tamper() -> tuple[Verdict, Verdict]:
        answers = Answers()
        async with Server(shop) as server:
            buyer = Buyer(server.port, server.secret, answers)
            for key in ("kept", "changed", "denied"):
                await buyer.place(key, order_body(PLENTY))
            buyer.close()
            before = await compare(shop, server, answers)
            order = json.loads(answers.placed["changed"])
            answers.placed["changed"] = json.dumps(order | {"total": "0.00"}).encode()
            answers.refused["denied"] = 409, b""
            answers.placed["invented"] = answers.placed["kept"]
            answers.sent["invented"] = order_body(PLENTY)
            del answers.placed["denied"]
            return before, await compare(shop, server, answers)

    before, after = asyncio.run(order_and_tamper())
    assert before == replace(CLEAN, sampled=3)
    # Replaying the invented order places it, so the response differs from the invented one.
    assert after == Verdict(lost=1, doubled=1, differing=2, unexplained=1, sampled=3, books="")


def test_every_fault_is_described() -> None:
    described = re.findall(
        r"^- `(\w+)`: ", (ROOT / "docs" / "explanation" / "faults.md").read_text(), re.MULTILINE
    )
    assert described == list(FAULTS)
    assert all(importlib.util.find_spec(f"faults.{name}") for name in FAULTS)


def message(kind: bytes, *texts: bytes, rest: bytes = b"") -> bytes:
    payload = b"".join(text + b"\0" for text in texts) + rest
    return kind + (4 + len(payload)).to_bytes(4) + payload


INSERT = b"INSERT INTO orders_order VALUES (1)"


@pytest.mark.parametrize(
    ("messages", "commits"),
    [
        ([message(b"Q", b"BEGIN"), message(b"Q", INSERT), message(b"Q", b"COMMIT")], 1),
        ([message(b"Q", b"BEGIN; " + INSERT + b"; commit;")], 1),
        ([message(b"Q", b"BEGIN"), message(b"Q", b"SELECT 1"), message(b"Q", b"COMMIT")], 0),
        ([message(b"Q", INSERT), message(b"Q", b"ROLLBACK"), message(b"Q", b"COMMIT")], 0),
        (
            [
                message(b"P", b"insert", INSERT, rest=b"\0\0"),
                message(b"P", b"end", b"COMMIT", rest=b"\0\0"),
                message(b"B", b"", b"insert", rest=bytes(6)),
                message(b"E", b"", rest=bytes(4)),
                message(b"B", b"", b"end", rest=bytes(6)),
                message(b"E", b"", rest=bytes(4)),
                message(b"S"),
            ],
            1,
        ),
    ],
    ids=["simple", "in one text", "of something else", "rolled back", "prepared, in a pipeline"],
)
def test_the_proxy_knows_a_commit(messages: list[bytes], commits: int) -> None:
    start = (8).to_bytes(4) + (80877103).to_bytes(4) + (8).to_bytes(4) + (196608).to_bytes(4)
    client, transactions = FromClient(), Transactions("orders_order")
    sent = start + b"".join(messages)
    seen = [each for byte in sent for each in client.feed(bytes([byte]))]
    assert seen[2:] == messages
    assert sum(transactions.commits(each) for each in seen[2:]) == commits
