"""Measure whether a worker's memory grows: `python -m faults.memory [--orders N]`.

It places orders until N are acknowledged. With the default N it writes the table to docs/, and the
figures to `faults/results/memory.json`.
"""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

import psutil

from benchmarks.generator import apply_load
from benchmarks.load import Request
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
"""How long each load lasts before the memory is read."""
RESULTS = Path(__file__).parent / "results"

Point = tuple[int, int]
"""Acknowledged orders so far, and the worker's resident memory in bytes."""


def main(arguments: list[str]) -> int:
    """Return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m faults.memory", description=__doc__)
    parser.add_argument(
        "--orders", type=int, default=MANY, help=f"how many to place; default: {MANY:,}"
    )
    orders = parser.parse_args(arguments).orders
    with postgres() as database:
        shop = Shop.fill(database.url("postgres"), [STOCK] * PRODUCTS)
        points = asyncio.run(measure(shop, orders))
        machine = environment(postgresql=database.version)
    text = render(points)
    print(text)
    if orders == MANY:
        write_json(RESULTS / "memory.json", {"environment": machine, "points": points})
        write_parts({"memory": text})
    return 0


async def measure(shop: Shop, orders: int) -> list[Point]:
    """Place at least this many orders. Return the worker's memory after FEW orders and later."""
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
                raise BenchmarkError(
                    f"No order was acknowledged: {result.errors}\n{server.end_of_log()}"
                )
            placed += result.acknowledged
            if placed >= FEW:
                points.append((placed, worker.memory_info().rss))
    return points


def render(points: Sequence[Point]) -> str:
    """Render the first, the last and the highest point, each relative to the first."""
    rows = [points[0], points[-1], max(points, key=lambda point: point[1])]
    first = points[0][1]
    names = ["first", "last", "highest"]
    return markdown_table(
        ["measurement", "orders", "MiB", "relative to the first"],
        [
            [name, f"{orders:,}", f"{memory / 2**20:.1f}", f"{memory / first:.2f}"]
            for name, (orders, memory) in zip(names, rows, strict=True)
        ],
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
