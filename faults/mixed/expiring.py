"""Let holds expire: nobody can move the database's clock, so `held_until` moves into the past."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager, closing, suppress

import psycopg

from faults.mixed.clients import Shop
from faults.shop import Shop as StoredShop
from faults.waiting import until

EVERY_SECONDS = 0.5
AT_ONCE = 20
"""How many of the newest orders that are held."""
DRIVER_SECONDS = 5
"""How long the statement may take."""

# Whatever the server has locked stays as it is, so that it never waits for this.
POSTGRESQL = """
    UPDATE orders_order SET held_until = clock_timestamp() - interval '1 second'
    WHERE id IN (
        SELECT id FROM orders_order
        WHERE id IN ({ids}) AND status = 'pending' AND held_until > clock_timestamp()
        ORDER BY id FOR UPDATE SKIP LOCKED
    )
"""
SQLITE = """
    UPDATE orders_order SET held_until = strftime('%Y-%m-%d %H:%M:%f000', 'now', '-1 second')
    WHERE id IN ({ids}) AND status = 'pending'
        AND held_until > strftime('%Y-%m-%d %H:%M:%f000', 'now')
"""
NOW = {"postgresql": "clock_timestamp()", "sqlite": "strftime('%Y-%m-%d %H:%M:%f', 'now')"}
EXPIRED = """
    SELECT count(*) FROM orders_order
    WHERE status = 'pending' AND held_until IS NOT NULL AND held_until <= {now}
"""


@asynccontextmanager
async def expiring(shop: Shop, stored: StoredShop) -> AsyncIterator[None]:
    """Let some of the newest holds expire again and again during the block."""

    async def expire() -> None:
        while not shop.over.is_set():
            with suppress(psycopg.OperationalError, sqlite3.OperationalError):
                await expire_newest(shop, stored)
            with suppress(TimeoutError):
                await asyncio.wait_for(shop.over.wait(), EVERY_SECONDS)

    task = asyncio.create_task(expire())
    try:
        yield
    finally:
        shop.over.set()
        await task


async def expire_newest(shop: Shop, stored: StoredShop) -> None:
    """Let every other one of the newest holds expire, in one UPDATE, and note it.

    Raises OperationalError of the driver if the database is down; then it may be done or not.
    """
    if chosen := list(shop.held)[-2 * AT_ONCE :: 2]:
        shop.history.expired |= {*chosen}
        shop.history.moved += await asyncio.to_thread(_move, stored.url, chosen)


async def none_expired(stored: StoredShop) -> None:
    """Wait until the housekeeper has taken every expired hold back, or raise BenchmarkError."""
    kind = "sqlite" if stored.url.startswith("sqlite") else "postgresql"
    sql = EXPIRED.format(now=NOW[kind])

    async def nothing_left() -> bool:
        return await asyncio.to_thread(stored.query, sql) == [(0,)]

    await until(nothing_left, "the housekeeper to take expired holds back")


def _move(url: str, ids: Collection[int]) -> int:
    """How many holds have expired by this."""
    names = ",".join(map(str, ids))
    if url.startswith("sqlite:///"):
        path = url.removeprefix("sqlite:///")
        with closing(sqlite3.connect(path, timeout=DRIVER_SECONDS)) as file, file:
            return file.execute(SQLITE.format(ids=names)).rowcount
    limits = f"-c statement_timeout={DRIVER_SECONDS}s"
    with psycopg.connect(url, connect_timeout=DRIVER_SECONDS, options=limits) as session:
        return session.execute(POSTGRESQL.format(ids=names).encode()).rowcount
