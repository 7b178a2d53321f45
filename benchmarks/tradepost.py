"""Measure Tradepost as users start it, with API keys and idempotency keys."""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.designs import PRICE, PRODUCTS, STOCK, HttpDesign, manage
from benchmarks.servers import ServerProcess, free_port
from benchmarks.servers import serve as serve_process
from tests.__main__ import SETTINGS

CONFIG = "config.settings"
SCOPES = ("orders:read", "orders:write", "products:read")
DETAILS = '"reference": "S-{number}", "customer_email": "customer{customer}@example.com"'
"""As real orders have them. Each is a column with an index."""

BOOKS = """
    SELECT (SELECT count(*) FROM orders_order),
        (SELECT coalesce(sum(quantity), 0) FROM orders_orderline),
        (SELECT sum(stock_quantity) FROM products_product),
        (SELECT min(stock_quantity) FROM products_product),
        (SELECT sum(delta) FROM products_stockmovement)
"""

HISTORY = """
from random import randint
from uuid import uuid4
from apps.orders.operations import LineRequest, order_request, place_orders
from apps.orders.microservice_communication import client_id_for
client_id = client_id_for(built_in="demo")
for batch in range(40):
    place_orders([
        order_request(
            client_id=client_id,
            actor=f"client:{client_id}",
            lines=[LineRequest(path="", sku=f"P-{1 + (batch * 500 + n) % 1000}", quantity=1)],
            idempotency_key=str(uuid4()),
            reference=f"S-{batch * 500 + n}",
            customer_email=f"customer{randint(1, 100_000)}@example.com",
        )
        for n in range(500)
    ])
"""
"""20,000 orders. On empty tables, PostgreSQL would choose and keep plans that read all rows."""


def prepare(url: str) -> str:
    """Fill a shop that has a history, with Tradepost's own commands and operations."""
    manage(url, "migrate", "--verbosity=0", "--skip-checks", settings=CONFIG)
    with tempfile.NamedTemporaryFile("w", suffix=".csv") as file:
        file.write("sku,name,price,stock_quantity\n")
        file.writelines(f"P-{n},Product {n},{PRICE},{STOCK}\n" for n in range(1, PRODUCTS + 1))
        file.flush()
        manage(url, "import_products", "--skip-checks", file.name, settings=CONFIG)
    manage(url, "shell", "--verbosity=0", "--command", HISTORY, settings=CONFIG)
    scopes = [f"--scope={scope}" for scope in SCOPES]
    return manage(url, "createkey", "--skip-checks", "shop", *scopes, settings=CONFIG).strip()


def tradepost(*, workers: int | None = None) -> HttpDesign:
    """Tradepost with this many workers, by default as many as `serve` starts."""

    @contextmanager
    def serve(url: str) -> Iterator[list[ServerProcess]]:
        port = free_port()
        # The housekeeper's statement each second would be counted with those of requests.
        command = [sys.executable, "manage.py", "serve", f"--port={port}", "--no-housekeeping"]
        command += [f"--workers={workers}"] if workers else []
        env = SETTINGS | {"DATABASE_URL": url}
        with serve_process(command, port=port, env=env, ready="/readyz") as server:
            yield [server]

    return HttpDesign(
        name=f"tradepost_{workers}" if workers else "tradepost",
        title="**Tradepost**" + (f", `--workers {workers}`" if workers else ""),
        prepare=prepare,
        serve=serve,
        books=BOOKS,
        details=DETAILS,
    )
