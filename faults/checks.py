"""Compare what the clients were told with what is stored."""

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
    """The result of a comparison.

    lost: how many acknowledged orders are not stored.
    doubled: how many orders are stored twice, or acknowledged with the id of another order.
    differing: how many orders are stored, read or replayed differently from what was acknowledged.
    unexplained: how many stored orders were rejected, according to their client.
    sampled: how many orders were read and sent again.
    books: what `reconcile` prints if it finds differences.
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
    """Compare every order in the database with its response, and a sample through the API.

    The server must be running.
    sample: read and send again at most this many orders that were sent once, and at most this many
        that were sent several times.
    """
    stored = await asyncio.to_thread(
        shop.query, "SELECT idempotency_key, id, first_answer FROM orders_order"
    )
    bodies = {key: answer.encode() for key, _, answer in stored}
    placed = answers.placed
    count_by_key = Counter(key for key, _, _ in stored)
    count_by_id = Counter(json.loads(body)["id"] for body in placed.values())
    keys = _sample(sorted(answers.retried & placed.keys()), sample)
    keys += _sample(sorted(placed.keys() - answers.retried), sample)
    differing = {key for key, body in placed.items() if bodies.get(key, body) != body}
    differing |= await _find_differing(server, answers, keys)
    audit = await asyncio.to_thread(shop.manage, "reconcile", check=False)
    return Verdict(
        lost=len(placed.keys() - bodies.keys()),
        doubled=sum(n - 1 for n in count_by_key.values())
        + sum(n - 1 for n in count_by_id.values()),
        differing=len(differing),
        unexplained=len(bodies.keys() - placed.keys() - answers.open),
        sampled=len(keys),
        books=(audit.stdout + audit.stderr).strip() if audit.returncode else "",
    )


def _sample(keys: list[str], count: int) -> list[str]:
    return random.sample(keys, min(count, len(keys)))


async def _find_differing(server: Server, answers: Answers, keys: list[str]) -> set[str]:
    """Read each order by its id, send it again, and return the keys whose response differs."""
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
