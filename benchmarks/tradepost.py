"""How Tradepost itself is measured: as its users start it, with a key and an idempotency key."""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.designs import PRICE, PRODUCTS, STOCK, HttpDesign, manage
from benchmarks.servers import ServerProcess, free_port
from benchmarks.servers import serve as serve_process
from tests.__main__ import SETTINGS

CONFIG = "config.settings"
BOOKS = """
    SELECT (SELECT count(*) FROM orders_order),
        (SELECT coalesce(sum(quantity), 0) FROM orders_orderline),
        (SELECT sum(stock_quantity) FROM products_product),
        (SELECT min(stock_quantity) FROM products_product),
        (SELECT sum(delta) FROM products_stockmovement)
"""


def prepare(url: str) -> str:
    """By Tradepost's own commands, so that the ledger balances from the start."""
    manage(url, "migrate", "--verbosity=0", settings=CONFIG)
    with tempfile.NamedTemporaryFile("w", suffix=".csv") as file:
        file.write("sku,name,price,stock_quantity\n")
        file.writelines(f"P-{n},Product {n},{PRICE},{STOCK}\n" for n in range(1, PRODUCTS + 1))
        file.flush()
        manage(url, "import_products", file.name, settings=CONFIG)
    return manage(url, "createkey", "shop", "--scope=orders:write", settings=CONFIG).strip()


def tradepost(*, workers: int = 1) -> HttpDesign:
    """Tradepost with this many worker processes."""

    @contextmanager
    def serve(url: str) -> Iterator[list[ServerProcess]]:
        port = free_port()
        command = [sys.executable, "manage.py", "serve", f"--port={port}", f"--workers={workers}"]
        env = SETTINGS | {"DATABASE_URL": url}
        with serve_process(command, port=port, env=env, ready="/readyz") as server:
            yield [server]

    several = f"{workers} workers" if workers > 1 else "1 worker"
    return HttpDesign(
        name="tradepost" if workers == 1 else f"tradepost_{workers}",
        title=f"**Tradepost**, {several}",
        prepare=prepare,
        serve=serve,
        books=BOOKS,
    )
