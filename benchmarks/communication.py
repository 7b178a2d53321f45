"""Compare a crossing with an HTTP call: `python -m benchmarks.communication`.

It measures how long orders waits for products: with a query through its communication module, and
with HTTP on the loopback interface, as between separate services. It prints a table, and writes it
to docs/ and the figures to `benchmarks/results/communication.json`.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from typing import Any

import django
import requests

from benchmarks.designs import PRICE, manage
from benchmarks.postgres import postgres
from benchmarks.report import environment
from benchmarks.rounds import Call, medians, publish, time_in_turn, time_table
from benchmarks.servers import BenchmarkError, ServerProcess
from benchmarks.tradepost import CONFIG, tradepost
from tests.__main__ import SETTINGS

HTTP, DIRECT = "HTTP", "communication module"
ONE, MANY = "one product", "100 products"
COUNT = 100
PRODUCTS = 1_000
CALLS = {ONE: 200, MANY: 50}


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.communication", description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args(arguments)
    with postgres() as server:
        server.create("shop")
        url = server.url("shop")
        secret = prepare(url)
        server.execute("shop", "VACUUM ANALYZE")
        os.environ.update(SETTINGS | {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": CONFIG})
        django.setup()
        with tradepost().serve(url) as [shop], requests.Session() as session:
            session.headers["Authorization"] = f"Bearer {secret}"
            times = time_in_turn(work(shop, session), rounds=options.rounds, calls=CALLS)
        version = server.version
    figures = medians(times)
    publish(
        "communication",
        environment(postgresql=version, packages={"requests": "requests"}),
        f"Medians of {options.rounds} rounds.",
        time_table(figures, base=HTTP),
        medians=figures,
        rounds=times,
    )


def prepare(url: str) -> str:
    """Create tables, products and an API key in the database at `url`. Return the key's secret."""
    manage(url, "migrate", "--verbosity=0", settings=CONFIG)
    with tempfile.NamedTemporaryFile("w", suffix=".csv") as file:
        file.write("sku,name,price,stock_quantity\n")
        file.writelines(f"P-{n},Product {n},{PRICE},10\n" for n in range(1, PRODUCTS + 1))
        file.flush()
        manage(url, "import_products", file.name, settings=CONFIG)
    return manage(url, "createkey", "orders", "--scope=products:read", settings=CONFIG).strip()


def work(shop: ServerProcess, session: requests.Session) -> dict[str, dict[str, Call]]:
    """The calls to time. Raises BenchmarkError if the two ways return different products."""
    from apps.orders.microservice_communication import read_products

    address = f"{shop.url}/api/v1/products/"

    def one() -> list[Any]:
        return [get(session, f"{address}1/")]

    def many() -> list[Any]:
        results: list[Any] = get(session, f"{address}?limit={COUNT}")["results"]
        return results

    ids = range(1, COUNT + 1)
    if [each.id for each in read_products(ids=ids)] != [each["id"] for each in many()]:
        raise BenchmarkError("The crossing and HTTP return different products.")
    return {
        ONE: {HTTP: one, DIRECT: lambda: read_products(ids=[1])},
        MANY: {HTTP: many, DIRECT: lambda: read_products(ids=ids)},
    }


def get(session: requests.Session, url: str) -> Any:
    """Return the decoded JSON of a response. Raises HTTPError if the status is an error."""
    response = session.get(url, timeout=10)
    response.raise_for_status()
    return response.json()


if __name__ == "__main__":
    main(sys.argv[1:])
