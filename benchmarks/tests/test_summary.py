from benchmarks.measuring import Run
from benchmarks.orders_report import comparison_table, statement_table, tables
from benchmarks.registry import Cell, cells
from benchmarks.summary import as_json, compare, summarize

FAST = Cell("tradepost", "postgresql", "spread", 256)
SLOW = Cell("pgbench_statements", "postgresql", "spread", 8)
BEST = Cell("pgbench_statements", "postgresql", "spread", 16)


def run(cell: Cell, rate: float, *failures: str, errors: int = 0) -> Run:
    return Run(
        cell,
        rate=rate,
        p50_ms=rate / 100,
        p99_ms=rate / 10,
        errors={"read": errors, "status": 0},
        application_us=1250.4,
        database_us=80.0,
        generator="wrk",
        failures=list(failures),
    )


def test_a_summary_is_of_medians_and_forgets_no_error() -> None:
    runs = [run(FAST, 300, errors=1), run(FAST, 100), run(FAST, 200, "too few", errors=2)]
    summary = summarize(runs)[FAST]
    assert (summary.rounds, summary.rate, summary.lowest, summary.highest) == (3, 200, 100, 300)
    assert (summary.p50_ms, summary.p99_ms) == (2, 20)
    assert summary.errors == {"read": 3, "status": 0}
    assert summary.failures == ["too few"]


def test_comparisons_are_with_the_best_and_of_what_was_measured() -> None:
    summaries = summarize([run(FAST, 3000), run(SLOW, 1000), run(BEST, 2000)])
    (comparison,) = compare(summaries)
    assert (comparison.of.cell, comparison.to.cell, comparison.ratio) == (FAST, BEST, 1.5)
    assert as_json(comparison)["to"] == {
        "design": "pgbench_statements",
        "database": "postgresql",
        "scenario": "spread",
        "connections": 16,
    }
    assert comparison_table([comparison]).splitlines()[-1] == (
        "| **Tradepost**, 1,000 products, 256 connections | 3,000 "
        "| pgbench, statements, 1,000 products, 16 connections | 2,000 | orders/s | **1.50** |"
    )


def test_every_comparison_is_measured_in_a_complete_run() -> None:
    summaries = summarize([run(cell, 100) for cell in cells(quick=False)])
    rates = [each for each in compare(summaries) if each.figure == "rate"]
    latencies = [each for each in compare(summaries) if each.figure == "p99_ms"]
    assert (len(rates), len(latencies)) == (20, 5)


def test_tables() -> None:
    runs = [run(FAST, 3000, errors=4), run(SLOW, 1000), run(BEST, 2000, "9 stored")]
    assert tables(summarize(runs)) == (
        "### PostgreSQL, 1,000 products\n\n"
        "| design | connections | orders/s | lowest – highest | p50 ms | p99 ms | CPU µs: app "
        "| database | errors | books |\n"
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- | --- |\n"
        "| **Tradepost** | 256 | 3,000 | 3,000 – 3,000 | 30.0 | 300.0 | 1,250 | 80 "
        "| 4 read | right |\n\n"
        "### pgbench, orders per second by connections\n\n"
        "|  | 1 | 2 | 4 | 8 | 16 | 64 | 256 | books |\n"
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |\n"
        "| pgbench, statements, 1,000 products | – | – | – | 1,000 | **2,000** | – | – "
        "| **WRONG**: 9 stored |\n\n"
        "### pgbench, CPU µs of PostgreSQL by connections\n\n"
        "|  | 1 | 2 | 4 | 8 | 16 | 64 | 256 | books |\n"
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |\n"
        "| pgbench, statements, 1,000 products | – | – | – | 80 | **80** | – | – "
        "| **WRONG**: 9 stored |\n"
    )


def test_a_table_of_statements() -> None:
    alone, together = (Cell("tradepost", "postgresql", "one", each) for each in (1, 64))
    assert statement_table({alone: 12.0, together: 1.254}) == (
        "| statements per order, at connections | 1 | 64 |\n"
        "| --- | ---: | ---: |\n"
        "| **Tradepost**, one product | 12.00 | 1.25 |\n"
    )
