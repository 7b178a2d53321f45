import pytest

from benchmarks.load import LoadResult
from benchmarks.pgbench import parse_pgbench, percentile
from benchmarks.servers import BenchmarkError

SAID = """\
transaction type: statements.sql
number of clients: 2
number of transactions actually processed: 100
number of failed transactions: 0 (0.000%)
latency average = 4.000 ms
initial connection time = 6.000 ms
tps = 50.000000 (without initial connection time)
"""


def test_what_pgbench_says() -> None:
    # The columns are client, transaction, microseconds, script, and the time in two numbers.
    logs = [
        "".join(f"0 {n} {n * 1000} 0 1700000000 1\n" for n in range(1, 51)),
        "".join(f"1 {n} {n * 1000} 0 1700000000 1\n" for n in range(51, 101)),
    ]
    assert parse_pgbench(SAID, logs) == LoadResult(
        generator="pgbench",
        seconds=2,
        completed=100,
        acknowledged=100,
        errors={"failed": 0},
        p50_ms=50,
        p99_ms=99,
    )


def test_failed_transactions_are_errors() -> None:
    result = parse_pgbench(SAID.replace("transactions: 0", "transactions: 3"), ["0 1 9 0 1 1\n"])
    assert result.errors == {"failed": 3}


def test_an_older_pgbench_does_not_tell_of_failures() -> None:
    said = "".join(line for line in SAID.splitlines(keepends=True) if "failed" not in line)
    assert parse_pgbench(said, ["0 1 9 0 1 1\n"]).errors == {"failed": 0}


def test_pgbench_that_fails() -> None:
    with pytest.raises(BenchmarkError, match="Connection refused"):
        parse_pgbench("pgbench: error: Connection refused\n", [])


@pytest.mark.parametrize(("percent", "expected"), [(1, 1), (50, 2), (75, 3), (76, 4), (100, 4)])
def test_percentiles_are_values_that_occurred(percent: float, expected: int) -> None:
    assert percentile([1, 2, 3, 4], percent) == expected
