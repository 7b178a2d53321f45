"""What a design is to a measurement: how its database is filled, loaded and checked."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import LiteralString, Protocol

from benchmarks.databases import Databases
from benchmarks.generator import apply_load
from benchmarks.load import LoadResult, Request
from benchmarks.servers import ServerProcess, free_port, run, serve
from tests.__main__ import SETTINGS

PRODUCTS = 1_000
STOCK = 1_000_000
"""Units of each product: more than any run sells."""

PRICE = "9.99"
PATH = "/api/v1/orders/"


class Running(Protocol):
    """A design that can be loaded, with a database of its own."""

    def load(
        self, *, products: int, lines: int, connections: int, seconds: float, seed: int
    ) -> LoadResult:
        """Place orders of one unit each of `lines` products out of `products`."""

    def cpu_seconds(self) -> float:
        """Processor time that all but the database has used so far."""

    @property
    def log(self) -> str:
        """What its servers have said last."""


class Design(Protocol):
    """A way to place orders.

    name: in files and on the command line. title: in tables.
    books: a query for one row: orders, units sold, units in stock, least stock of a product, and
        units according to a ledger; NULL where the design does not keep it.
    """

    @property
    def name(self) -> str: ...

    @property
    def title(self) -> str: ...

    @property
    def books(self) -> LiteralString: ...

    def start(self, databases: Databases) -> AbstractContextManager[Running]:
        """Make a fresh database and have the design ready, until the block ends."""


@dataclass(frozen=True, kw_only=True)
class HttpDesign:
    """A way to place orders over HTTP.

    prepare: makes tables and products in the database at a URL, and returns the secret of an API
        key where the design has keys.
    serve: runs its servers on the database at a URL; orders go to the first.
    several_lines: whether an order is `{"lines": […]}` even with one line.
    """

    name: str
    title: str
    prepare: Callable[[str], str]
    serve: Callable[[str], AbstractContextManager[list[ServerProcess]]]
    books: LiteralString
    several_lines: bool = False

    @contextmanager
    def start(self, databases: Databases) -> Iterator["RunningServers"]:
        url, secret = databases.fresh(self.prepare)
        with self.serve(url) as servers:
            yield RunningServers(self, servers, secret)

    def request(self, *, secret: str, products: int, lines: int) -> Request:
        line = '{"product_id": {id}, "quantity": 1}'
        body = line
        if lines > 1 or self.several_lines:
            body = f'{{"lines": [{", ".join([line] * lines)}]}}'
        headers = {"Content-Type": "application/json", "Idempotency-Key": "{key}"}
        if secret:
            headers["Authorization"] = f"Bearer {secret}"
        return Request("POST", PATH, headers, body, ids=products)


@dataclass(frozen=True)
class RunningServers:
    """The servers of an HttpDesign."""

    design: HttpDesign
    servers: Sequence[ServerProcess]
    secret: str

    def load(
        self, *, products: int, lines: int, connections: int, seconds: float, seed: int
    ) -> LoadResult:
        request = self.design.request(secret=self.secret, products=products, lines=lines)
        port = self.servers[0].port
        return apply_load(port, request, connections=connections, seconds=seconds, seed=seed)

    def cpu_seconds(self) -> float:
        return sum(server.cpu_seconds() for server in self.servers)

    @property
    def log(self) -> str:
        return "\n".join(server.log for server in self.servers)


def manage(url: str, *arguments: str, settings: str, stdin: str = "") -> str:
    """Run one of Django's commands with the settings module, on the database at `url`."""
    env = {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": settings}
    return run([sys.executable, "-m", "django", *arguments], env=SETTINGS | env, stdin=stdin)


def django_tables(settings: str, products: str = "") -> Callable[[str], str]:
    """A `prepare` for a rival on Django. products: Python that makes them, if the rival has any."""

    def prepare(url: str) -> str:
        manage(url, "migrate", "--run-syncdb", "--verbosity=0", settings=settings)
        if products:
            manage(url, "shell", "--verbosity=0", settings=settings, stdin=products)
        return ""

    return prepare


@contextmanager
def gunicorn(
    url: str,
    settings: str,
    *,
    options: Sequence[str],
    env: Mapping[str, str] | None = None,
    application: str = "benchmarks.rivals.wsgi:application",
) -> Iterator[ServerProcess]:
    """Serve a rival on Django, or another WSGI application.

    Connections of clients are kept open, as behind a proxy.
    """
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", application]
    command += ["--bind", f"127.0.0.1:{port}", "--keep-alive", "75", *options]
    settled = {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": settings, **(env or {})}
    with serve(command, port=port, env=settled) as server:
        yield server
