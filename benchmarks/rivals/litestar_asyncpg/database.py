import hashlib
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import msgspec
from asyncpg.pool import PoolConnectionProxy as Connection
from litestar import Litestar, Request
from litestar.datastructures import State
from litestar.exceptions import NotAuthorizedException


async def prepare(connection: asyncpg.Connection) -> None:
    """Decode JSON, as asyncpg's documentation shows."""
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        encoder=lambda value: msgspec.json.encode(value).decode(),
        decoder=msgspec.json.decode,
    )


@asynccontextmanager
async def database(app: Litestar) -> AsyncIterator[None]:
    """The pool of one process, ten connections as asyncpg has it."""
    async with asyncpg.create_pool(os.environ["DATABASE_URL"], init=prepare) as pool:
        app.state.pool = pool
        yield


async def provide_connection(state: State) -> AsyncIterator[Connection]:
    async with state.pool.acquire() as connection:
        yield connection


async def provide_client_id(request: Request[None, None, State], connection: Connection) -> int:
    """The client of the key in the request."""
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    client_id: int | None = await connection.fetchval(
        "SELECT client_id FROM accounts_apikey WHERE digest = $1 AND revoked_at IS NULL",
        hashlib.sha256(secret.encode()).hexdigest(),
    )
    if scheme.lower() != "bearer" or client_id is None:
        raise NotAuthorizedException
    return client_id
