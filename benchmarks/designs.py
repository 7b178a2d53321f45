"""What a measurement needs from a design: how to fill, load and check its database."""

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
"""Units of each product, more than any run sells."""

PRICE = "9.99"
PATH = "/api/v1/orders/"


class Running(Protocol):
    """A running design with its own database."""

    def load(
        self, *, products: int, lines: int, connections: int, seconds: float, seed: int
    ) -> LoadResult:
        """Place orders for one unit each of `lines` products out of `products`."""

    def cpu_seconds(self) -> float:
        """The processor time that everything except the database has used so far."""

    @property
    def log(self) -> str:
        """The end of its servers' logs."""


class Design(Protocol):
    """A way to place orders.

    name: for files and the command line. title: for tables.
    books: a query for one row: orders, units sold, units in stock, lowest stock of a product, and
        units according to a ledger. NULL for what the design does not store.
    """

    @property
    def name(self) -> str: ...

    @property
    def title(self) -> str: ...

    @property
    def books(self) -> LiteralString: ...

    def start(self, databases: Databases) -> AbstractContextManager[Running]:
        """Create a fresh database and run the design until the block ends."""


@dataclass(frozen=True, kw_only=True)
class HttpDesign:
    """A way to place orders over HTTP.

    prepare: creates tables and products in the database at a URL. Returns the secret of an API key,
        or "" if the design has no keys.
    serve: runs its servers on the database at a URL. The first one takes the orders.
    several_lines: send `{"lines": […]}` even for one line.
    details: more fields of the body, as JSON, for what the design stores of an order beside lines.
    """

    name: str
    title: str
    prepare: Callable[[str], str]
    serve: Callable[[str], AbstractContextManager[list[ServerProcess]]]
    books: LiteralString
    several_lines: bool = False
    details: str = ""

    @contextmanager
    def start(self, databases: Databases) -> Iterator["RunningServers"]:
        url, secret = databases.fresh(self.prepare)
        with self.serve(url) as servers:
            yield RunningServers(self, servers, secret)

    def request(self, *, secret: str, products: int, lines: int) -> Request:
        line = '"product_id": {id}, "quantity": 1'
        if lines > 1 or self.several_lines:
            line = f'"lines": [{", ".join([f"{{{line}}}"] * lines)}]'
        body = f"{{{', '.join(filter(None, (line, self.details)))}}}"
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
    """Run a Django command with a settings module on the database at `url`. Return its output."""
    env = {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": settings}
    return run([sys.executable, "-m", "django", *arguments], env=SETTINGS | env, stdin=stdin)


def django_tables(settings: str, products: str = "") -> Callable[[str], str]:
    """Make a `prepare` for a Django rival. products: Python code that creates its products."""

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
    """Serve a Django rival, or another WSGI application, with gunicorn.

    Client connections stay open, as behind a proxy.
    """
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", application]
    command += ["--bind", f"127.0.0.1:{port}", "--keep-alive", "75", *options]
    settled = {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": settings, **(env or {})}
    with serve(command, port=port, env=settled) as server:
        yield server


@contextmanager
def uvicorn(url: str, application: str) -> Iterator[ServerProcess]:
    """Serve an ASGI application with two processes of uvicorn, with uvloop and httptools."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", application, "--port", str(port)]
    command += ["--workers=2", "--loop=uvloop", "--http=httptools", "--no-access-log"]
    with serve(command, port=port, env={"DATABASE_URL": url}) as server:
        yield server
