"""Compare the processor time of two versions: `python -m benchmarks.paired BEFORE AFTER`.

BEFORE and AFTER are commits, or directories with a checkout. Both versions serve copies of the same
kind of shop, in turn, and the table compares the processor time that each needs for an order placed
and for an order and a product read. Ratios are medians over pairs of neighboring runs, so that a
machine that drifts does not matter.
"""

import argparse
import signal
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from benchmarks.databases import Databases, PostgresDatabases, SQLiteDatabases
from benchmarks.designs import PRICE, PRODUCTS, STOCK
from benchmarks.generator import apply_load
from benchmarks.load import LoadResult, Request
from benchmarks.postgres import postgres
from benchmarks.report import markdown_table
from benchmarks.rounds import in_turn
from benchmarks.servers import ROOT, BenchmarkError, ServerProcess, free_port, run, serve
from tests.__main__ import SETTINGS

ORDERS = "/api/v1/orders/"
SCOPES = ("products:read", "orders:read", "orders:write")
BODY = '{"product_id": {id}, "quantity": 1}'
HISTORY_SECONDS = 3
"""How long one connection places orders before the first run, so that there are some to read."""
WARM_UP_SECONDS = 1


class Cost(NamedTuple):
    """Microseconds of processor time for a request."""

    server: float
    database: float


Costs = dict[tuple[str, str], list[Cost]]
"""By version and kind of request, one for each round."""


def main(arguments: Sequence[str]) -> None:
    options = _options(arguments)
    with ExitStack() as stack:
        versions = {
            name: stack.enter_context(checkout(source))
            for name, source in (("before", options.before), ("after", options.after))
        }
        databases = stack.enter_context(_databases(options.database))
        costs = measure(
            versions,
            databases,
            rounds=options.rounds,
            seconds=options.seconds,
            connections=options.connections,
        )
    print(table(costs))


@contextmanager
def checkout(source: str) -> Iterator[Path]:
    """Yield a directory as it is, or a worktree of a commit, which is removed after the block."""
    if Path(source).is_dir():
        yield Path(source).resolve()
        return
    with tempfile.TemporaryDirectory(prefix="tradepost-version-") as directory:
        path = Path(directory) / "tree"
        _git("worktree", "add", "--detach", str(path), source)
        try:
            yield path
        finally:
            _git("worktree", "remove", "--force", str(path))


def measure(
    versions: Mapping[str, Path],
    databases: Databases,
    *,
    rounds: int,
    seconds: float,
    connections: int,
) -> Costs:
    """Load the versions in turn. Raises BenchmarkError if a request fails."""
    shops = {name: Version(path) for name, path in versions.items()}
    costs: Costs = {}
    for number, name in enumerate(in_turn(list(shops), rounds=rounds)):
        url, secret = databases.fresh(shops[name].prepare)
        (orders,) = databases.row("SELECT max(id) FROM orders_order")
        with shops[name].serve(url) as server:
            for kind, request in requests(secret, orders=orders).items():
                load = {"connections": connections, "seed": number}
                _load(server, request, seconds=WARM_UP_SECONDS, **load)
                begin = server.cpu_seconds(), databases.cpu_seconds()
                done = _load(server, request, seconds=seconds, **load).acknowledged
                end = server.cpu_seconds(), databases.cpu_seconds()
                used = [1e6 * (b - a) / done for a, b in zip(begin, end, strict=True)]
                costs.setdefault((name, kind), []).append(cost := Cost(*used))
                shown = f"{cost.server:,.0f} + {cost.database:,.0f} µs"
                print(f"{name}, {kind}: {shown}", file=sys.stderr, flush=True)
    return costs


def requests(secret: str, *, orders: int) -> dict[str, Request]:
    """The requests to compare. orders: how many there are, with ids from 1 on."""
    key = {"Authorization": f"Bearer {secret}", "Accept": "application/json"}
    place = {**key, "Content-Type": "application/json", "Idempotency-Key": "{key}"}
    return {
        "place an order": Request("POST", ORDERS, place, BODY, ids=PRODUCTS),
        "read an order": Request("GET", f"{ORDERS}{{id}}/", key, ids=orders),
        "read a product": Request("GET", "/api/v1/products/{id}/", key, ids=PRODUCTS),
    }


class Version:
    """A checkout. Its code runs with the packages of this interpreter."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def prepare(self, url: str) -> str:
        """Fill a shop with products and a few orders. Return the secret of a key."""
        self._manage(url, "migrate", "--verbosity=0")
        with tempfile.NamedTemporaryFile("w", suffix=".csv") as file:
            file.write("sku,name,price,stock_quantity\n")
            file.writelines(f"P-{n},Product {n},{PRICE},{STOCK}\n" for n in range(1, PRODUCTS + 1))
            file.flush()
            self._manage(url, "import_products", file.name)
        scopes = [f"--scope={scope}" for scope in SCOPES]
        secret = self._manage(url, "createkey", "shop", *scopes).strip()
        place = requests(secret, orders=1)["place an order"]
        with self.serve(url) as server:
            _load(server, place, seconds=HISTORY_SECONDS, connections=1, seed=0)
        return secret

    @contextmanager
    def serve(self, url: str) -> Iterator[ServerProcess]:
        """Serve a shop with one worker."""
        port = free_port()
        command = [sys.executable, "manage.py", "serve", f"--port={port}", "--workers=1"]
        env = SETTINGS | {"DATABASE_URL": url}
        with serve(command, port=port, env=env, ready="/readyz", cwd=self._path) as server:
            yield server

    def _manage(self, url: str, *arguments: str) -> str:
        command = [sys.executable, "manage.py", *arguments]
        return run(command, env=SETTINGS | {"DATABASE_URL": url}, cwd=self._path)


def table(costs: Costs) -> str:
    """Render medians, and the median of the ratios of each round."""
    rows = []
    for kind in dict.fromkeys(kind for _, kind in costs):
        for who in Cost._fields:
            before, after = (
                [getattr(cost, who) for cost in costs[name, kind]] for name in ("before", "after")
            )
            if not all(before):
                continue  # SQLite is part of the server
            ratios = sorted(new / old for old, new in zip(before, after, strict=True))
            rows.append(
                [
                    kind,
                    who,
                    f"{statistics.median(before):,.0f}",
                    f"{statistics.median(after):,.0f}",
                    f"{statistics.median(ratios):.3f}",
                    f"{ratios[0]:.3f} – {ratios[-1]:.3f}",
                ]
            )
    header = [
        "what",
        "whose processor time",
        "before, µs",
        "after, µs",
        "ratio",
        "lowest – highest",
    ]
    return markdown_table(header, rows)


def _load(
    server: ServerProcess, request: Request, *, seconds: float, connections: int, seed: int
) -> LoadResult:
    result = apply_load(server.port, request, connections=connections, seconds=seconds, seed=seed)
    if any(result.errors.values()):
        raise BenchmarkError(f"{request.path}: {result.errors}\n{server.log}")
    return result


@contextmanager
def _databases(kind: str) -> Iterator[Databases]:
    with ExitStack() as stack:
        if kind == "postgresql":
            yield PostgresDatabases(stack.enter_context(postgres()))
        else:
            directory = tempfile.TemporaryDirectory(prefix="tradepost-sqlite-")
            yield SQLiteDatabases(Path(stack.enter_context(directory)))


def _git(*arguments: str) -> None:
    done = subprocess.run(
        ["git", *arguments],  # noqa: S607 - whichever git is on the path
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise BenchmarkError(f"git {' '.join(arguments)} failed:\n{done.stderr}")


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.paired", description=__doc__)
    parser.add_argument("before", help="a commit, or a directory with a checkout")
    parser.add_argument("after", help="the same")
    parser.add_argument("--database", choices=["postgresql", "sqlite"], default="postgresql")
    parser.add_argument("--rounds", type=int, default=10, help="default: 10")
    parser.add_argument("--seconds", type=float, default=3, help="of each load; default: 3")
    parser.add_argument("--connections", type=int, default=16, help="default: 16")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    # Exit normally on SIGTERM, so that the servers are stopped too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    main(sys.argv[1:])
