"""Every design, served as it is measured, places orders correctly and rejects invalid ones."""

import http.client
import json
from collections.abc import Iterator

import pytest
from django.db import connection

from benchmarks.databases import Databases, PostgresDatabases, SQLiteDatabases
from benchmarks.designs import PRODUCTS, STOCK, HttpDesign
from benchmarks.measuring import Books, find_failures
from benchmarks.postgres import postgres
from benchmarks.registry import DESIGNS, OTHER_WORKERS
from benchmarks.servers import ROOT

REFUSALS = {
    "drf_plain": (400, 400),
    "drf_locking": (400, 400),
    "drf_services": (400, 400),
    "fastapi_sqlalchemy": (404, 422),
    "tradepost": (400, 400),
}
"""The statuses of orders for an unknown product, and for a quantity of zero."""

ON_SQLITE = ["drf_locking", "tradepost"]
STATEMENTS = {
    ("pgbench_statements", 1): 9,
    ("pgbench_function", 1): 1,
    ("pgbench_function", 20): 1,
}
"""The number of statements of each pgbench script, including BEGIN and COMMIT, by its lines."""
ORDER = """
    SELECT reference ~ '^S-[0-9]+$', customer_email ~ '^customer[0-9]+@example.com$',
        idempotency_key ~ '^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$',
        first_answer::json ->> 'reference' = reference,
        first_answer::json ->> 'customer_email' = customer_email,
        first_answer::json ->> 'total' = total::text,
        json_array_length(first_answer::json -> 'lines') = %s,
        (SELECT count(*) FROM orders_orderline WHERE order_id = orders_order.id) = %s
    FROM orders_order ORDER BY id DESC LIMIT 1
"""
"""What every design on Tradepost's tables must have stored of its newest order."""


@pytest.fixture(scope="module")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Databases]:
    """Databases of the kind that the tests run on."""
    if connection.vendor == "sqlite":
        yield SQLiteDatabases(tmp_path_factory.mktemp("sqlite"))
    else:
        with postgres() as server:
            yield PostgresDatabases(server)


def post(port: int, design: HttpDesign, secret: str, product_id: int, quantity: int) -> int:
    """Order a product and return the status."""
    line = {"product_id": product_id, "quantity": quantity}
    body = json.dumps({"lines": [line]} if design.several_lines else line)
    request = design.request(secret=secret, products=1, lines=1)
    headers = {**request.headers, "Idempotency-Key": f"{product_id}-{quantity}"}
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        client.request("POST", request.path, body, headers)
        return client.getresponse().status
    finally:
        client.close()


def books(databases: Databases, design: HttpDesign) -> Books:
    return Books(*databases.row(design.books))


def changes(before: Books, after: Books) -> dict[str, int]:
    """How much the books changed, without what the design does not store."""
    pairs = zip(Books._fields, before, after, strict=True)
    return {name: b - (a or 0) for name, a, b in pairs if b is not None}


@pytest.mark.parametrize("name", REFUSALS)
def test_a_design_places_orders_and_refuses_what_it_should(name: str, databases: Databases) -> None:
    if databases.kind == "sqlite" and name not in ON_SQLITE:
        pytest.skip("not measured on SQLite")
    design = DESIGNS[name]
    assert isinstance(design, HttpDesign)
    with design.start(databases) as running:
        port, secret = running.servers[0].port, running.secret
        before = books(databases, design)
        assert post(port, design, secret, 1, 2) == 201
        sold = books(databases, design)
        changed = changes(before, sold)
        assert (changed["orders"], changed["sold"]) == (1, 2)
        unknown, empty = REFUSALS[name]
        assert post(port, design, secret, PRODUCTS + 1, 1) == unknown
        assert post(port, design, secret, 1, 0) == empty
        if name != "drf_plain":
            assert (changed["stock"], changed["least"]) == (-2, -2)
            assert post(port, design, secret, 1, STOCK - 1) == 409
        assert books(databases, design) == sold


@pytest.mark.parametrize(("name", "lines"), STATEMENTS)
def test_pgbench_does_what_tradepost_does(name: str, lines: int, databases: Databases) -> None:
    if not isinstance(databases, PostgresDatabases):
        pytest.skip("pgbench loads PostgreSQL only")
    design = DESIGNS[name]
    with databases.logging(), design.start(databases) as running:
        before = Books(*databases.row(design.books))
        with databases.postgres.counting(databases.run) as statements:
            load = running.load(products=lines, lines=lines, connections=2, seconds=1, seed=1)
    after = Books(*databases.row(design.books))
    assert len(statements) == STATEMENTS[name, lines] * load.acknowledged
    assert changes(before, after)["least"] == -load.acknowledged
    assert find_failures(before, after, loads=[load], lines=lines) == []
    assert databases.postgres.row(databases.run, ORDER, [lines, lines]) == (True,) * 8


@pytest.mark.parametrize("lines", [1, 20])
def test_tradepost_is_loaded_with_orders_as_real_ones_are(lines: int, databases: Databases) -> None:
    if not isinstance(databases, PostgresDatabases):
        pytest.skip("The query is PostgreSQL's")
    with DESIGNS["tradepost_1"].start(databases) as running:
        load = running.load(products=20, lines=lines, connections=2, seconds=1, seed=1)
        assert running.cpu_seconds() > 0
    assert (load.errors["status"], load.acknowledged > 0) == (0, True)
    assert databases.postgres.row(databases.run, ORDER, [lines, lines]) == (True,) * 8


def test_all_designs_are_tested() -> None:
    pgbench = {name for name, _ in STATEMENTS}
    assert {*REFUSALS, *pgbench, *OTHER_WORKERS} == {*DESIGNS}


def test_the_page_tells_of_every_design() -> None:
    page = (ROOT / "docs" / "explanation" / "benchmark-designs.md").read_text()
    names = {name for name in DESIGNS if not name.startswith("tradepost")}
    packages = {path.parent.name for path in ROOT.glob("benchmarks/rivals/*/design.py")}
    assert packages - names == {"pgbench"}
    assert [name for name in sorted(names) if f"`{name}`" not in page] == []


def test_each_generated_part_is_on_one_page() -> None:
    pages = "".join(page.read_text() for page in (ROOT / "docs").rglob("*.md"))
    of_orders = ("environment", "ratios", "plots", "tables", "statements")
    of_reads = ("reads", "read-plots", "read-tables", "reads-beside-orders", "reads-on-sqlite")
    for part in (*of_orders, *of_reads, "serializers", "communication", "faults", "memory"):
        assert pages.count(f"<!-- begin {part} -->") == pages.count(f"<!-- end {part} -->") == 1
