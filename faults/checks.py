"""Afterwards: what clients were told against what is stored."""

import asyncio
import json
import random
from collections import Counter
from dataclasses import dataclass

from faults import wire
from faults.clients import EXPRESS, ORDERS, Answers
from faults.server import Server
from faults.shop import Shop
from faults.wire import Connection

SAMPLE = 500


@dataclass(frozen=True)
class Verdict:
    """lost: orders that were acknowledged and are not stored. doubled: stored more than once, or
    acknowledged under an id that another order has too. differing: stored, read or replayed
    otherwise than acknowledged. unexplained: stored, though their client was told otherwise.
    sampled: how many were read and sent again. books: what `reconcile` says, if it is not clean.
    """

    lost: int
    doubled: int
    differing: int
    unexplained: int
    sampled: int
    books: str

    def problems(self) -> list[str]:
        counts = {
            "lost": self.lost,
            "doubled": self.doubled,
            "differing": self.differing,
            "unexplained": self.unexplained,
        }
        found = [f"{number} {name}" for name, number in counts.items() if number]
        return found + ([f"reconcile: {self.books}"] if self.books else [])


async def compare(shop: Shop, server: Server, answers: Answers, *, sample: int = SAMPLE) -> Verdict:
    """Compare every order in the database, and some through the API, which must be up.

    sample: how many at most are also read and sent again, of those that were answered at once,
    and of those that were sent more than once.
    """
    stored = await asyncio.to_thread(
        shop.query, "SELECT idempotency_key, id, first_answer FROM orders_order"
    )
    bodies = {key: answer.encode() for key, _, answer in stored}
    placed = answers.placed
    often = Counter(key for key, _, _ in stored)
    ids = Counter(json.loads(body)["id"] for body in placed.values())
    keys = _some(sorted(answers.retried & placed.keys()), sample)
    keys += _some(sorted(placed.keys() - answers.retried), sample)
    differing = {key for key, body in placed.items() if bodies.get(key, body) != body}
    differing |= await _read_or_replayed_otherwise(server, answers, keys)
    audit = await asyncio.to_thread(shop.manage, "reconcile", check=False)
    return Verdict(
        lost=len(placed.keys() - bodies.keys()),
        doubled=sum(n - 1 for n in often.values()) + sum(n - 1 for n in ids.values()),
        differing=len(differing),
        unexplained=len(bodies.keys() - placed.keys() - answers.open),
        sampled=len(keys),
        books=(audit.stdout + audit.stderr).strip() if audit.returncode else "",
    )


def _some(keys: list[str], count: int) -> list[str]:
    return random.sample(keys, min(count, len(keys)))


async def _read_or_replayed_otherwise(
    server: Server, answers: Answers, keys: list[str]
) -> set[str]:
    """Those of the keys whose order is not what was acknowledged, read by id or sent again."""
    differing = set()
    connection = await Connection.open(server.port)
    for key in keys:
        body = answers.placed[key]
        path = f"{ORDERS}{json.loads(body)['id']}/"
        read = await connection.send(wire.request("GET", path, server.secret))
        again = wire.request(
            "POST",
            ORDERS,
            server.secret,
            answers.sent[key],
            content_type=EXPRESS,
            idempotency_key=key,
        )
        replay = await connection.send(again)
        same = replay.status == 201 and replay.body == body
        if read.status != 200 or json.loads(read.body) != json.loads(body) or not same:
            differing.add(key)
    connection.close()
    return differing
