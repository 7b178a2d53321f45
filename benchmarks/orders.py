"""Compare how fast designs place orders: `python -m benchmarks.orders [--quick]`.

It starts everything it needs, runs the designs in turn and prints tables. A complete run writes
them to docs/, and the figures to `benchmarks/results/orders.json`. The exit status is 1 if a run
failed, or if orders, stock and ledger did not agree after it.

`--compare COMMIT` compares that commit with the working tree instead, and `--compare ONE OTHER` two
commits or directories; see `benchmarks.paired`. The exit status is 1 if a request became dearer.
"""

import argparse
import signal
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks import orders_report, paired
from benchmarks.databases import Databases, PostgresDatabases, SQLiteDatabases
from benchmarks.measuring import Run, count_statements, measure
from benchmarks.postgres import postgres
from benchmarks.registry import CONNECTIONS, DESIGNS, OTHER_WORKERS, Cell, cells
from benchmarks.report import RESULTS, environment, environment_table, write_json, write_parts
from benchmarks.servers import ROOT
from benchmarks.summary import as_json, compare, summarize
from benchmarks.versions import checkout

RIVAL_PACKAGES = {
    name: name for name in ("gunicorn", "requests", "fastapi", "uvicorn", "sqlalchemy", "asyncpg")
}
COUNTED = (1, 64)
"""The numbers of connections at which statements are counted."""


def main(arguments: Sequence[str]) -> int:
    """Return the exit status."""
    options = _options(arguments)
    if options.compare:
        return _compare_versions(options)
    plan = [
        cell
        for cell in cells(quick=options.quick)
        if not options.only or cell.design in options.only
    ]
    with _databases() as (postgresql, sqlite):
        databases: dict[str, Databases] = {"postgresql": postgresql, "sqlite": sqlite}
        version = postgresql.postgres.version
        machine = environment(postgresql=version, packages=RIVAL_PACKAGES)
        runs = list(run_in_turn(plan, databases, rounds=options.rounds, seconds=options.seconds))
        counts = {} if options.quick else dict(_count(plan, postgresql))
    _report(machine, runs, counts, options)
    failed = [run for run in runs if run.failures]
    for run in failed:
        print(f"WRONG: {run.cell}: {'; '.join(run.failures)}", file=sys.stderr)
    return 1 if failed else 0


def _report(
    machine: dict[str, str],
    runs: Sequence[Run],
    counts: Mapping[Cell, float],
    options: argparse.Namespace,
) -> None:
    """Print tables and write results. counts: statements per order."""
    summaries = summarize(runs)
    comparisons = compare(summaries)
    how = {"rounds": options.rounds, "seconds": options.seconds, "quick": options.quick}
    parts = {
        "environment": environment_table(machine, how),
        "tables": orders_report.tables(summaries),
        "statements": orders_report.statement_table(counts),
        "ratios": orders_report.comparison_table(comparisons),
    }
    print("\n".join(filter(None, parts.values())))
    result = {
        "environment": machine,
        "options": how,
        "summary": [as_json(each) for each in summaries.values()],
        "comparisons": [as_json(each) for each in comparisons],
        "statements": [as_json(cell) | {"per_order": n} for cell, n in counts.items()],
        "runs": [as_json(run) for run in runs],
    }
    complete = not (options.quick or options.only)
    path = RESULTS / ("orders.json" if complete else "orders-quick.json")
    write_json(path, result)
    print(f"Results: {path}", file=sys.stderr)
    if complete:
        write_parts(parts | {"plots": orders_report.plots(summaries)})


def run_in_turn(
    plan: Sequence[Cell], databases: Mapping[str, Databases], *, rounds: int, seconds: float
) -> Iterator[Run]:
    """Run all cells in each round, every second round backwards, so that drift favors no cell."""
    done, total = 0, rounds * len(plan)
    for number in range(rounds):
        for cell in plan if number % 2 == 0 else reversed(plan):
            run = measure(cell, databases[cell.database], seconds=seconds, seed=number)
            done += 1
            shown = "; ".join(run.failures) or f"{run.rate:,.0f} orders/s, p99 {run.p99_ms:,.1f} ms"
            print(f"[{done}/{total}] {cell}: {shown}", file=sys.stderr, flush=True)
            if run.log:
                print(f"{run.errors}\n{run.log}", file=sys.stderr, flush=True)
            yield run


def _count(plan: Sequence[Cell], databases: PostgresDatabases) -> Iterator[tuple[Cell, float]]:
    """Count the statements per order on PostgreSQL, once per design whatever its workers."""
    kinds = dict.fromkeys(
        (cell.design, cell.scenario)
        for cell in plan
        if cell.database == "postgresql" and cell.design not in OTHER_WORKERS
    )
    for design, scenario in kinds:
        for connections in COUNTED:
            cell = Cell(design, "postgresql", scenario, connections)
            count = count_statements(cell, databases, seed=0)
            print(f"{cell}: {count:.2f} statements per order", file=sys.stderr, flush=True)
            yield cell, count


def _compare_versions(options: argparse.Namespace) -> int:
    """Return 1 if a request has become dearer, else 0."""
    before, after = [*options.compare, str(ROOT)][:2]
    with ExitStack() as stack:
        versions = {
            name: stack.enter_context(checkout(source))
            for name, source in (("before", before), ("after", after))
        }
        postgresql, sqlite = stack.enter_context(_databases())
        results, notes = paired.compare(
            versions,
            sqlite if options.database == "sqlite" else postgresql,
            rounds=options.rounds,
            seconds=options.seconds,
            connections=options.connections or CONNECTIONS,
            reads=options.connections or paired.READ_AT,
        )
    print("\n".join([paired.table(results), *notes]))
    return int(paired.is_lost(results))


@contextmanager
def _databases() -> Iterator[tuple[PostgresDatabases, SQLiteDatabases]]:
    with (
        postgres() as server,
        tempfile.TemporaryDirectory(prefix="tradepost-sqlite-") as directory,
    ):
        yield PostgresDatabases(server), SQLiteDatabases(Path(directory))


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.orders",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help="run a few designs, in about a minute")
    parser.add_argument("--rounds", type=int, help="default: 3; --quick: 1; --compare: 10")
    parser.add_argument("--seconds", type=int, help="of each load; default: 5; --quick: 3")
    parser.add_argument("--only", nargs="+", choices=DESIGNS, help="run only these designs")
    versions = parser.add_argument_group("compare versions")
    versions.add_argument("--compare", nargs="+", metavar="VERSION", help="one, or two")
    versions.add_argument("--connections", nargs="+", type=int, metavar="N", help="only these")
    versions.add_argument("--database", choices=["postgresql", "sqlite"], default="postgresql")
    options = parser.parse_args(arguments)
    if options.compare and len(options.compare) > 2:
        parser.error("--compare takes one version, or two.")
    options.rounds = options.rounds or (1 if options.quick else 10 if options.compare else 3)
    options.seconds = options.seconds or (3 if options.quick or options.compare else 5)
    return options


if __name__ == "__main__":
    # Exit normally on SIGTERM, so that the servers are stopped too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    sys.exit(main(sys.argv[1:]))
