"""How much memory a worker of the server has after many orders, against after few.

`python -m benchmarks.memory [--orders N]` places orders by wrk until N are acknowledged, and writes
`benchmarks/results/memory.json` and a table into `docs/`.
"""

import argparse
import asyncio
import sys
from collections.abc import Sequence

import psutil

from benchmarks.load import Request, apply_load
from benchmarks.postgres import postgres
from benchmarks.report import environment, markdown_table, write_json, write_parts
from benchmarks.servers import BenchmarkError
from faults.clients import EXPRESS, ORDERS
from faults.server import Server
from faults.shop import STOCK, Shop

FEW = 10_000
MANY = 1_000_000
CONNECTIONS = 64
PRODUCTS = 1_000
SECONDS = 2.0
"""How long each load is, after which memory is read."""

Point = tuple[int, int]
"""Orders acknowledged, and the resident memory of the worker in bytes."""


def main(arguments: list[str]) -> int:
    """Return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.memory", description=__doc__)
    parser.add_argument("--orders", type=int, default=MANY, help=f"default: {MANY:,}")
    orders = parser.parse_args(arguments).orders
    with postgres() as database:
        shop = Shop.fill(database.url("postgres"), [STOCK] * PRODUCTS)
        points = asyncio.run(measure(shop, orders))
        machine = environment(postgresql=database.version)
    text = render(points)
    print(text)
    if orders == MANY:
        write_json("memory", {"environment": machine, "points": points})
        write_parts({"memory": text})
    return 0


async def measure(shop: Shop, orders: int) -> list[Point]:
    """Place at least so many orders; the worker's memory after FEW of them, and on from there."""
    points: list[Point] = []
    placed = 0
    async with Server(shop) as server:
        worker = psutil.Process(server.worker_pids()[-1])
        request = Request(
            "POST",
            ORDERS,
            {
                "Authorization": f"Bearer {shop.secret}",
                "Content-Type": EXPRESS,
                "Idempotency-Key": "{key}",
            },
            '{"product_id": {id}, "quantity": 1}',
            ids=PRODUCTS,
        )
        while placed < orders or not points:
            result = await asyncio.to_thread(
                apply_load,
                server.port,
                request,
                connections=CONNECTIONS,
                seconds=SECONDS,
                seed=placed,
            )
            if not result.acknowledged:
                raise BenchmarkError(f"No orders: {result.errors}\n{server.end_of_log()}")
            placed += result.acknowledged
            if placed >= FEW:
                points.append((placed, worker.memory_info().rss))
    return points


def render(points: Sequence[Point]) -> str:
    """The first and the last point, the highest one, and what the last is to the first."""
    rows = [points[0], points[-1], max(points, key=lambda point: point[1])]
    first = points[0][1]
    names = ["at first", "at last", "at most"]
    return markdown_table(
        ["worker's memory", "orders", "MiB", "to the first"],
        [
            [name, f"{orders:,}", f"{memory / 2**20:.1f}", f"{memory / first:.2f}"]
            for name, (orders, memory) in zip(names, rows, strict=True)
        ],
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
