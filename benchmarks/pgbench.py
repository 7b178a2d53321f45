"""Run pgbench, which loads PostgreSQL directly and logs the latency of every transaction."""

import hashlib
import math
import re
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from benchmarks.load import CUSTOMERS, LoadResult, first_number
from benchmarks.postgres import Postgres
from benchmarks.servers import BenchmarkError, run

CONNECT_SECONDS = 1 / 64
"""More than one connection takes on a busy machine."""


def apply_pgbench(
    postgres: Postgres,
    database: str,
    script: Path,
    *,
    secret: str,
    products: int,
    connections: int,
    seconds: float,
    seed: int,
) -> LoadResult:
    """Let each connection repeat a script, over TCP, with prepared statements.

    secret: of an API key. seconds: rounded up to whole seconds; opening the connections, which
    pgbench does within its time, gets more. Rates and latencies do not include it.
    Raises BenchmarkError if a transaction fails.
    """
    variables = {
        "products": products,
        "digest": hashlib.sha256(secret.encode()).hexdigest(),
        "customers": CUSTOMERS,
        "connections": connections,
        "number": first_number(),
    }
    with tempfile.TemporaryDirectory(prefix="tradepost-pgbench-") as directory:
        command = [str(postgres.programs / "pgbench"), "--no-vacuum", "--protocol=prepared"]
        command += [f"--client={connections}", f"--jobs={min(2, connections)}"]
        command += [f"--random-seed={seed}", "--log", f"--log-prefix={directory}/log"]
        longest = math.ceil(seconds + connections * CONNECT_SECONDS)
        command += [f"--file={script}", f"--time={longest}"]
        command += [f"--define={name}={value}" for name, value in variables.items()]
        command += ["-h", "127.0.0.1", "-p", str(postgres.port), "-U", "postgres", database]
        output = run(command, env={"PGSSLMODE": "disable"})
        logs = [path.read_text() for path in Path(directory).iterdir()]
    return parse_pgbench(output, logs)


def parse_pgbench(output: str, logs: Iterable[str]) -> LoadResult:
    """Parse pgbench's summary and transaction logs. Raises BenchmarkError if they are missing."""
    processed = _figure(r"number of transactions actually processed: (\d+)", output)
    failed = _figure(r"number of failed transactions: (\d+)", output)
    rate = _figure(r"tps = ([\d.]+) \(without initial connection time\)", output)
    if not (processed and rate):
        raise BenchmarkError(f"pgbench failed:\n{output}")
    # The columns are client, transaction, microseconds, script and time.
    latencies = sorted(int(line.split()[2]) for log in logs for line in log.splitlines())
    count = int(processed)
    return LoadResult(
        generator="pgbench",
        seconds=count / float(rate),
        completed=count,
        acknowledged=count,
        errors={"failed": int(failed or 0)},
        p50_ms=percentile(latencies, 50) / 1000,
        p99_ms=percentile(latencies, 99) / 1000,
    )


def _figure(pattern: str, output: str) -> str | None:
    match = re.search(f"^{pattern}", output, re.MULTILINE)
    return match[1] if match else None


def percentile(ordered: Sequence[int], percent: float) -> int:
    """The nearest-rank percentile: `percent` of the values are not greater."""
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]
