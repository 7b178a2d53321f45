"""What an order costs in a large shop, against a small one: `python -m benchmarks.growth`.

SQL fills one shop for each size, with the same history but for its length. Each shop is served in
turn by one worker. The table has the processor time that the application and PostgreSQL need to
place an order, to read one, and for the first page and random pages of a list. Ratios are medians
over rounds, against the smallest shop in the same round, so that a machine that drifts does not
matter. A shop grows by what is placed while it is measured.
"""

import argparse
import json
import random
import signal
import statistics
import sys
from collections.abc import Sequence
from typing import NamedTuple

from benchmarks.designs import PATH, PRODUCTS, STOCK, manage
from benchmarks.filling import add_orders, add_products
from benchmarks.load import Request
from benchmarks.paired import ORDERS, requests
from benchmarks.postgres import Postgres, postgres
from benchmarks.report import markdown_table
from benchmarks.rounds import in_turn
from benchmarks.servers import ROOT
from benchmarks.tradepost import CONFIG, SCOPES
from benchmarks.versions import Version, load

SIZES = (10_000, 1_000_000)
LARGEST = 10_000_000
WARM_UP_SECONDS = 1
PAGES = 500
"""How many pages of the list random pages are drawn from."""
SIGN = """
import json
from apps.orders.models import Order
from monoservices.api.pagination import Cursors, Position
cursors = Cursors(Order, "-id")
print(json.dumps([cursors.write(Position([key, key], False)) for key in {keys}]))
"""


class Cost(NamedTuple):
    """Microseconds of processor time for a request."""

    server: float
    database: float


class Shop(NamedTuple):
    """A filled database. secret: of a client whose orders all are. cursors: of pages of them."""

    database: str
    secret: str
    orders: int
    cursors: Sequence[str]


Costs = dict[tuple[int, str], list[Cost]]
"""By size and kind of request, one for each round."""


def main(arguments: Sequence[str]) -> None:
    options = _options(arguments)
    sizes = [*options.sizes, *([LARGEST] if options.largest else [])]
    with postgres() as server:
        costs = measure(
            server,
            sizes,
            rounds=options.rounds,
            seconds=options.seconds,
            connections=options.connections,
        )
    print(table(costs))


def measure(
    server: Postgres, sizes: Sequence[int], *, rounds: int, seconds: float, connections: int
) -> Costs:
    """Fill the shops, and load them in turn. Raises BenchmarkError if a request fails."""
    shops = {size: fill(server, size) for size in sizes}
    costs: Costs = {}
    for number, size in enumerate(in_turn(sizes, rounds=rounds)):
        shop = shops[size]
        with Version(ROOT).serve(server.url(shop.database)) as worker:
            for kind, request in _requests(shop).items():
                how = {"connections": connections, "seed": number}
                load(worker, request, seconds=WARM_UP_SECONDS, **how)
                begin = worker.cpu_seconds(), server.cpu_seconds()
                done = load(worker, request, seconds=seconds, **how).acknowledged
                end = worker.cpu_seconds(), server.cpu_seconds()
                used = [1e6 * (b - a) / done for a, b in zip(begin, end, strict=True)]
                costs.setdefault((size, kind), []).append(cost := Cost(*used))
                shown = f"{cost.server:,.0f} + {cost.database:,.0f} µs"
                print(f"{size:,}, {kind}: {shown}", file=sys.stderr, flush=True)
    return costs


def fill(server: Postgres, size: int) -> Shop:
    """Create a shop with so many orders of one client."""
    database = f"shop_{size}"
    server.create(database)
    url = server.url(database)
    manage(url, "migrate", "--verbosity=0", "--skip-checks", settings=CONFIG)
    scopes = [f"--scope={scope}" for scope in SCOPES]
    secret = manage(url, "createkey", "--skip-checks", "shop", *scopes, settings=CONFIG).strip()
    with server.connect(database) as connection:
        add_products(connection, PRODUCTS, stock=STOCK)
        add_orders(connection, size)
    keys = random.Random(size).choices(range(1, size + 1), k=PAGES)  # noqa: S311 - repeatable
    script = SIGN.format(keys=keys)
    signed = manage(url, "shell", "--verbosity=0", "--command", script, settings=CONFIG)
    return Shop(database, secret, size, json.loads(signed))


def table(costs: Costs) -> str:
    """Render medians for each size, and the medians of the ratios to the first size."""
    sizes = list(dict.fromkeys(size for size, _ in costs))
    rows = []
    for kind in dict.fromkeys(kind for _, kind in costs):
        for who in Cost._fields:
            small = [getattr(cost, who) for cost in costs[sizes[0], kind]]
            row = [kind, who, f"{statistics.median(small):,.0f}"]
            for size in sizes[1:]:
                large = [getattr(cost, who) for cost in costs[size, kind]]
                ratios = sorted(new / old for old, new in zip(small, large, strict=True))
                row += [
                    f"{statistics.median(large):,.0f}",
                    f"{statistics.median(ratios):.2f} ({ratios[0]:.2f} – {ratios[-1]:.2f})",
                ]
            rows.append(row)
    header = ["what", "whose processor time", f"µs at {sizes[0]:,} orders"]
    for size in sizes[1:]:
        header += [f"µs at {size:,}", "ratio (lowest – highest)"]
    return markdown_table(header, rows)


def _requests(shop: Shop) -> dict[str, Request]:
    compared = requests(shop.secret, orders=shop.orders)
    read, page = compared["read an order"], f"{PATH}?cursor={{text}}"
    return {
        ORDERS: compared[ORDERS],
        "read an order": read,
        "first page of orders": compared["page of orders"],
        "random page of orders": Request("GET", page, read.headers, texts=shop.cursors),
    }


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.growth", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="numbers of orders")
    parser.add_argument("--largest", action="store_true", help=f"{LARGEST:,} orders too")
    parser.add_argument("--rounds", type=int, default=3, help="default: 3")
    parser.add_argument("--seconds", type=float, default=3, help="of each load; default: 3")
    parser.add_argument("--connections", type=int, default=16, help="default: 16")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    # Exit normally on SIGTERM, so that the servers are stopped too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    main(sys.argv[1:])
