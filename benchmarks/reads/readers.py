"""Who reads, what they read, and how they are served."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

from benchmarks.designs import gunicorn, uvicorn
from benchmarks.load import Request
from benchmarks.reads.data import CLIENTS
from benchmarks.servers import ServerProcess
from benchmarks.tradepost import tradepost

THREADS = ("--worker-class=gthread", "--workers=3", "--threads=4")
RIVALS = "benchmarks.rivals"


@dataclass(frozen=True)
class Reader:
    """A design to read from. server: its name in `serve`. prefix: of its paths.

    headers: more headers of its requests.
    """

    title: str
    server: str
    prefix: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


READERS = {
    "tradepost": Reader("**Tradepost**", "tradepost"),
    # The express lane leaves a request with a cookie to Django.
    "tradepost_django": Reader(
        "**Tradepost**, Django lane", "tradepost", headers={"Cookie": "lane=django"}
    ),
    "litestar": Reader("Litestar, asyncpg", "litestar"),
    "ninja": Reader("django-ninja", "ninja"),
    "drf_cursor": Reader("`drf_reads`", "drf", "/by-cursor"),
    "drf_numbers": Reader("`drf_reads`, pages by number", "drf"),
}
"""By name. The first one is compared with the others."""

PRODUCT, ORDER = "product by id", "order by id"
PRODUCTS, ORDERS = "first page of products", "first page of orders"
ANY_PRODUCTS, ANY_ORDERS = "random page of products", "random page of orders"
AVAILABILITY, SEARCH = "availability of ten", "search by name"
KINDS = {
    PRODUCT: "/api/v1/products/{id}/",
    ORDER: "/api/v1/orders/{id}/",
    PRODUCTS: "/api/v1/products/",
    ORDERS: "/api/v1/orders/",
    ANY_PRODUCTS: "/api/v1/products/?cursor={text}",
    ANY_ORDERS: "/api/v1/orders/?cursor={text}",
    AVAILABILITY: f"/api/v1/products/availability/?ids={','.join(['{id}'] * 10)}",
    SEARCH: "/api/v1/products/?search={text}",
}
LISTS = {ANY_PRODUCTS: PRODUCTS, ANY_ORDERS: ORDERS}
"""The list that a kind reads random pages of."""

FEW, MANY = 16, 256
ONLY = {
    "drf_numbers": (PRODUCTS, ORDERS),
    "litestar": [*KINDS][:-1],
    "ninja": [*KINDS][:-1],
    "tradepost_django": [*KINDS][:-1],
}
"""The kinds that a reader does not share with all others."""


class Cell(NamedTuple):
    """One thing to measure. kind, reader: their names."""

    kind: str
    reader: str
    connections: int

    def __str__(self) -> str:
        return f"{self.kind}, {self.reader}, {self.connections} connections"


def cells() -> list[Cell]:
    """What to measure, sorted so that readers to compare run one after the other.

    A search and pages by number are slow, so few connections load them.
    """
    return [
        Cell(kind, reader, connections)
        for kind in KINDS
        for connections in (FEW, MANY)
        for reader in READERS
        if kind in ONLY.get(reader, KINDS)
        and (connections == FEW or (kind != SEARCH and reader != "drf_numbers"))
    ]


def request(
    kind: str, reader: str, *, secret: str, rows: int, texts: Sequence[str] = ()
) -> Request:
    """The request of a reader. texts: cursors or searches.

    The client has every order whose id is a multiple of CLIENTS; see `data`.
    """
    headers = {"Authorization": f"Bearer {secret}", "Accept": "application/json"}
    step = CLIENTS if kind == ORDER else 1
    return Request(
        "GET",
        READERS[reader].prefix + KINDS[kind],
        {**headers, **READERS[reader].headers},
        first=step,
        step=step,
        ids=rows // step,
        texts=texts,
    )


@contextmanager
def serve(url: str, *, names: Sequence[str]) -> Iterator[dict[str, ServerProcess]]:
    """Run the servers of the named readers on the database at `url`. Yield them by name."""

    def start(server: str) -> AbstractContextManager[ServerProcess]:
        if server == "litestar":
            return uvicorn(url, f"{RIVALS}.litestar_asyncpg.main:app")
        return gunicorn(url, f"{RIVALS}.{server}_reads.settings", options=THREADS)

    with ExitStack() as stack:
        servers: dict[str, ServerProcess] = {}
        for server in dict.fromkeys(READERS[name].server for name in names):
            if server == "tradepost":
                [servers[server]] = stack.enter_context(tradepost().serve(url))
            else:
                servers[server] = stack.enter_context(start(server))
        yield servers
