"""Measure `fastapi_sqlalchemy`."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.designs import PRICE, PRODUCTS, STOCK, HttpDesign, uvicorn
from benchmarks.servers import ServerProcess, run

PACKAGE = "benchmarks.rivals.fastapi_sqlalchemy"


def prepare(url: str) -> str:
    command = [sys.executable, "-m", f"{PACKAGE}.create_tables"]
    run([*command, str(PRODUCTS), PRICE, str(STOCK)], env={"DATABASE_URL": url})
    return ""


@contextmanager
def serve(url: str) -> Iterator[list[ServerProcess]]:
    with uvicorn(url, f"{PACKAGE}.main:app") as server:
        yield [server]


DESIGN = HttpDesign(
    name="fastapi_sqlalchemy",
    title="FastAPI, SQLAlchemy, asyncpg",
    prepare=prepare,
    serve=serve,
    books="""
        SELECT (SELECT count(*) FROM "order"),
            (SELECT coalesce(sum(quantity), 0) FROM "order"),
            (SELECT sum(stock) FROM product),
            (SELECT min(stock) FROM product),
            NULL
    """,
)
