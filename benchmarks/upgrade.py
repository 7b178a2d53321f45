"""What an upgrade of a large shop takes: `python -m benchmarks.upgrade COMMIT`.

The code of an older commit makes a shop on PostgreSQL and fills it, and this code migrates it.
Meanwhile one client reads and another one writes, as fast as they can. The tables have the seconds
of each migration, how long the clients waited at most, and the locks that keep others from writing.
At the end `manage.py reconcile` checks the books.
"""

import argparse
import re
import signal
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, LiteralString, NamedTuple

import psycopg

from benchmarks.designs import PRODUCTS, STOCK
from benchmarks.postgres import Postgres, postgres
from benchmarks.report import markdown_table
from benchmarks.servers import ROOT
from benchmarks.versions import Version, checkout

ORDERS = 1_000_000
DATABASE = "upgraded"
FILL = """
import sys, psycopg
from benchmarks.filling import add_orders, add_products
with psycopg.connect(sys.argv[1], autocommit=True) as connection:
    add_products(connection, int(sys.argv[2]), stock=int(sys.argv[3]))
    add_orders(connection, int(sys.argv[4]))
"""
READ: LiteralString = """
    SELECT o.total, l.quantity, p.stock_quantity FROM orders_order AS o
    JOIN orders_orderline AS l ON l.order_id = o.id
    JOIN products_product AS p ON p.id = l.product_id
    WHERE o.id = 1
"""
WRITE: LiteralString = """
    WITH product AS (UPDATE products_product SET updated_at = updated_at WHERE id = 1)
    UPDATE orders_order SET updated_at = updated_at WHERE id = 1
"""
LOCKS: LiteralString = """
    SELECT relation::regclass::text, mode FROM pg_locks
    WHERE locktype = 'relation' AND granted AND relation::regclass::text ~ '^(orders|products)_'
        AND mode IN ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
"""
"""The locks that keep others from writing, and some of them from reading."""
SAMPLE_SECONDS = 0.01
_APPLIED = re.compile(r"Applying (\S+?)\.\.\. OK \(([\d.]+)s\)")


class Seen(NamedTuple):
    """waits: the longest wait of each client in seconds. locks: seconds by table and mode."""

    waits: dict[str, float]
    locks: dict[tuple[str, str], float]


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.upgrade", description=__doc__)
    parser.add_argument("commit", help="a commit, or a directory with a checkout")
    parser.add_argument("--orders", type=int, default=ORDERS, help=f"default: {ORDERS:,}")
    options = parser.parse_args(arguments)
    with checkout(options.commit) as old, postgres() as server:
        applied, seen, books = measure(server, old, orders=options.orders)
    print(table(applied, seen))
    print(books)


def measure(server: Postgres, old: Path, *, orders: int) -> tuple[dict[str, float], Seen, str]:
    """Return the seconds of each migration, what others saw of it, and what `reconcile` prints.

    Raises BenchmarkError if a command fails.
    """
    server.create(DATABASE)
    url = server.url(DATABASE)
    before, after = Version(old), Version(ROOT)
    before.manage(url, "migrate", "--verbosity=0")
    before.manage(url, "createkey", "shop")
    print(f"Filling {orders:,} orders …", file=sys.stderr, flush=True)
    before.python(url, "-c", FILL, url, str(PRODUCTS), str(STOCK), str(orders))
    print("Migrating …", file=sys.stderr, flush=True)
    with watching(lambda: server.connect(DATABASE)) as seen:
        told = after.manage(url, "migrate", "--verbosity=2")
    applied = {name: float(seconds) for name, seconds in _APPLIED.findall(told)}
    return applied, seen, after.manage(url, "reconcile").strip()


@contextmanager
def watching(connect: Callable[[], "psycopg.Connection[Any]"]) -> Iterator[Seen]:
    """Read, write and look at locks during the block; yield what is complete after it."""
    seen = Seen({}, defaultdict(float))
    stop = threading.Event()
    clients = [
        threading.Thread(target=_repeat, args=(connect, name, statement, seen, stop))
        for name, statement in {"read": READ, "write": WRITE}.items()
    ]
    clients.append(threading.Thread(target=_sample, args=(connect, seen, stop)))
    for client in clients:
        client.start()
    try:
        yield seen
    finally:
        stop.set()
        for client in clients:
            client.join()


def table(applied: dict[str, float], seen: Seen) -> str:
    """Render the seconds of migrations, the longest waits, and the locks."""
    rows = [[name, f"{seconds:.1f}"] for name, seconds in applied.items()]
    rows.append(["all", f"{sum(applied.values()):.1f}"])
    waits = [[name, f"{1e3 * seconds:,.0f}"] for name, seconds in seen.waits.items()]
    locks = [[*key, f"{1e3 * seconds:,.0f}"] for key, seconds in sorted(seen.locks.items())]
    return "\n\n".join(
        [
            markdown_table(["migration", "seconds"], rows),
            markdown_table(["another client", "longest wait, ms"], waits),
            markdown_table(["table", "lock", "held, ms"], locks),
        ]
    )


def _repeat(
    connect: Callable[[], "psycopg.Connection[Any]"],
    name: str,
    statement: LiteralString,
    seen: Seen,
    stop: threading.Event,
) -> None:
    longest = 0.0
    with connect() as connection:
        while not stop.is_set():
            begin = time.perf_counter()
            connection.execute(statement)
            longest = max(longest, time.perf_counter() - begin)
            stop.wait(SAMPLE_SECONDS)
    seen.waits[name] = longest


def _sample(
    connect: Callable[[], "psycopg.Connection[Any]"], seen: Seen, stop: threading.Event
) -> None:
    """Add up how long locks are held, by samples: each one stands for the time since the last."""
    with connect() as connection:
        last = time.perf_counter()
        while not stop.is_set():
            held = connection.execute(LOCKS).fetchall()
            now = time.perf_counter()
            for relation, mode in held:
                seen.locks[relation, mode] += now - last
            last = now
            stop.wait(SAMPLE_SECONDS)


if __name__ == "__main__":
    # Exit normally on SIGTERM, so that the server is stopped too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    main(sys.argv[1:])
