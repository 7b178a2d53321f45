"""Run one design once: a fresh database, a warm-up, the load, then a check of the books."""

from dataclasses import dataclass, field
from typing import NamedTuple

from benchmarks.databases import Databases, PostgresDatabases
from benchmarks.designs import Design
from benchmarks.load import LoadResult
from benchmarks.registry import DESIGNS, SCENARIOS, Cell
from benchmarks.servers import BenchmarkError

WARM_UP_SECONDS = 1
COUNT_SECONDS = 1


class Books(NamedTuple):
    """The row of `Design.books`. None for what the design does not store."""

    orders: int
    sold: int | None
    stock: int | None
    least: int | None
    ledger: int | None


@dataclass(frozen=True)
class Run:
    """The result of one run.

    rate: orders per second.
    application_us, database_us: microseconds of processor time per order, of the application (or
        pgbench) and of the database server.
    failures: what is wrong with the books, or why there is no figure. Empty if all is well.
    log: the servers' logs, if there were errors.
    """

    cell: Cell
    rate: float = 0
    p50_ms: float = 0
    p99_ms: float = 0
    errors: dict[str, int] = field(default_factory=dict)
    application_us: float = 0
    database_us: float = 0
    generator: str = ""
    failures: list[str] = field(default_factory=list)
    log: str = ""


def measure(cell: Cell, databases: Databases, *, seconds: float, seed: int) -> Run:
    """Run a cell once. Problems are in the result, not raised."""
    try:
        return _measure(cell, databases, seconds=seconds, seed=seed)
    except BenchmarkError as error:
        return Run(cell, failures=[str(error)])


def _measure(cell: Cell, databases: Databases, *, seconds: float, seed: int) -> Run:
    design, scenario = DESIGNS[cell.design], SCENARIOS[cell.scenario]
    what = {"products": scenario.products, "lines": scenario.lines}
    with design.start(databases) as running:
        before = _books(design, databases)
        warm = running.load(
            **what, connections=cell.connections, seconds=WARM_UP_SECONDS, seed=seed + 1
        )
        application, database = running.cpu_seconds(), databases.cpu_seconds()
        load = running.load(**what, connections=cell.connections, seconds=seconds, seed=seed)
        application = running.cpu_seconds() - application
        database = databases.cpu_seconds() - database
        log = running.log
    after = _books(design, databases)
    errors = {kind: count + warm.errors[kind] for kind, count in load.errors.items()}
    return Run(
        cell,
        rate=load.rate,
        p50_ms=load.p50_ms,
        p99_ms=load.p99_ms,
        errors=errors,
        application_us=1e6 * application / max(1, load.acknowledged),
        database_us=1e6 * database / max(1, load.acknowledged),
        generator=load.generator,
        failures=find_failures(before, after, loads=[warm, load], lines=scenario.lines),
        log=log if any(errors.values()) else "",
    )


def find_failures(before: Books, after: Books, *, loads: list[LoadResult], lines: int) -> list[str]:
    """Compare orders, stock and ledger with the acknowledged orders. Return what differs.

    A request without a response may or may not have placed an order.
    """
    found = []
    acknowledged = sum(load.acknowledged for load in loads)
    unknown = sum(load.unknown for load in loads)
    stored = after.orders - before.orders
    if not acknowledged <= stored <= acknowledged + unknown:
        found.append(f"{acknowledged} orders acknowledged, {stored} stored")
    sold = (after.sold or 0) - (before.sold or 0)
    if sold != stored * lines:
        found.append(f"{stored} orders stored, but {sold} units sold")
    if before.stock is not None and after.stock is not None and before.stock - after.stock != sold:
        found.append(f"{sold} units sold, but stock fell by {before.stock - after.stock}")
    if after.least is not None and after.least < 0:
        found.append(f"oversold: the lowest stock is {after.least}")
    if after.ledger not in {None, after.stock}:
        found.append(f"{after.stock} units in stock, {after.ledger} in the ledger")
    if not acknowledged:
        found.append("no order was acknowledged")
    return found


def count_statements(cell: Cell, databases: PostgresDatabases, *, seed: int) -> float:
    """Count the statements per order, including BEGIN and COMMIT.

    They are counted in PostgreSQL's log, in a separate run, because logging costs time.
    """
    design, scenario = DESIGNS[cell.design], SCENARIOS[cell.scenario]
    what = {"products": scenario.products, "lines": scenario.lines, "seconds": COUNT_SECONDS}
    with databases.logging(), design.start(databases) as running:
        running.load(**what, connections=cell.connections, seed=seed + 1)
        with databases.postgres.counting(databases.run) as statements:
            counted = running.load(**what, connections=cell.connections, seed=seed)
    return len(statements) / counted.acknowledged


def _books(design: Design, databases: Databases) -> Books:
    values = databases.row(design.books)
    return Books(*(None if value is None else int(value) for value in values))  # type: ignore[arg-type]
