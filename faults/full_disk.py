"""A disk is full for a while: the server's for temporary files, or the database's."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from faults import wire
from faults.disk import LEFT, MIB, Disk, disk
from faults.outcome import Outcome
from faults.server import Server
from faults.shop import DATABASES, STOCK, Shop
from faults.storm import PRODUCTS, Fault, batter
from faults.wire import Connection
from tests.postgres import PostgresServer

SECONDS = 3.0
SCRATCH_MIB = 64
DATA_MIB = 1024
SMALL_LOG = {"max_wal_size": "64MB", "min_wal_size": "32MB"}
"""PostgreSQL's write-ahead log, which would otherwise fill the disk by itself."""

IMPORT = "/api/v1/products/import/"
LARGE = 4 * MIB
"""The size of a body that is too large for memory. Its one row is refused."""
UPLOAD_SECONDS = 30


@dataclass(frozen=True)
class DatabaseOnDisk:
    """A database on a disk of its own. postgres: its server, if it has one."""

    url: str
    disk: Disk
    postgres: PostgresServer | None


async def run(times: int) -> list[Outcome]:
    outcomes = []
    for database in DATABASES:
        outcomes += [await _scratch(database, times), await _data(database, times)]
    return outcomes


async def _scratch(database: str, times: int) -> Outcome:
    with DATABASES[database]() as url, disk(SCRATCH_MIB) as full:
        shop = Shop.fill(url, [STOCK] * PRODUCTS)
        return await batter(
            "full_disk",
            database,
            f"the server's directory for temporary files is full for {SECONDS:.0f} s",
            shop,
            full_scratch(full),
            times=times,
            scratch=full.path,
            lasting=True,
            harmless=True,
        )


async def _data(database: str, times: int) -> Outcome:
    with on_disk(database) as stored:
        shop = Shop.fill(stored.url, [STOCK] * PRODUCTS)
        return await batter(
            "full_disk",
            database,
            f"the disk of the database is full for {SECONDS:.0f} s",
            shop,
            full_data(stored),
            times=times,
            lasting=True,
        )


@contextmanager
def on_disk(database: str) -> Iterator[DatabaseOnDisk]:
    """Yield an empty database on a disk of its own. Raises Skipped."""
    with disk(DATA_MIB) as place:
        if database == "sqlite":
            yield DatabaseOnDisk(f"sqlite:///{place.path}/shop.sqlite3", place, None)
            return
        with PostgresServer(fsync=True, settings=SMALL_LOG, place=place.path) as postgres:
            yield DatabaseOnDisk(postgres.url("postgres"), place, postgres)


def full_scratch(scratch: Disk) -> Fault:
    async def strike(server: Server) -> list[str]:
        filler = scratch.path / "filler"
        with scratch.full():
            with suppress(OSError):
                filler.write_bytes(bytes(2 * LEFT))
            problems = await _upload(server)
            await asyncio.sleep(SECONDS)
        filler.unlink()
        return problems

    return strike


async def _upload(server: Server) -> list[str]:
    """Import a body that is too large for memory. It may be refused, or answered 503."""
    connection = await Connection.open(server.port)
    body = b"sku,name,price\n" + b"x" * LARGE
    try:
        async with asyncio.timeout(UPLOAD_SECONDS):
            response = await connection.send(wire.request("POST", IMPORT, server.secret, body))
    except OSError as error:
        return [f"an upload got no answer: {error!r}"]
    finally:
        connection.close()
    return [] if response.status in {200, 400, 503} else [f"an upload got {response.status}"]


def full_data(stored: DatabaseOnDisk) -> Fault:
    async def strike(_: Server) -> list[str]:
        with stored.disk.full():
            await asyncio.sleep(SECONDS)
        # PostgreSQL ends if it cannot write its log. A supervisor would start it.
        if stored.postgres and not await asyncio.to_thread(stored.postgres.runs):
            await asyncio.to_thread(stored.postgres.start)
        return []

    return strike
