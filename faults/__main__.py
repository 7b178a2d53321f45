"""Break a server under load and check its orders: `python -m faults [--only NAME …]`.

A complete run writes its table to docs/, and the figures to `faults/results/faults.json`. A run
with --only just prints its table. The exit status is 1 if any order is lost or duplicated, or if
anything else is wrong.
"""

import argparse
import importlib
import resource
import signal
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import uvloop

from benchmarks.report import environment, write_json, write_parts
from benchmarks.servers import BenchmarkError, run
from faults.outcome import Outcome, Skipped, table
from tests.postgres import find_programs

FAULTS = (
    "kill_worker",
    "stop_postgres",
    "killed_sessions",
    "frozen_database",
    "read_only",
    "full_disk",
    "kill_server_sqlite",
    "lost_commit",
    "last_units",
    "same_key",
    "held_row",
    "overload",
    "slow_clients",
    "sigterm",
)
"""Each is a module of this package with a coroutine `run(times)` that returns Outcomes."""
TIMES = 20
RESULTS = Path(__file__).parent / "results"


def main(arguments: list[str]) -> int:
    """Return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m faults", description=__doc__)
    parser.add_argument(
        "--only",
        nargs="+",
        choices=FAULTS,
        default=FAULTS,
        metavar="NAME",
        help="run only these faults",
    )
    parser.add_argument(
        "--times", type=int, default=TIMES, help=f"repetitions of each fault; default: {TIMES}"
    )
    options = parser.parse_args(arguments)
    _allow_many_connections()
    outcomes, problems = _run(options.only, options.times)
    print(table(outcomes))
    if tuple(options.only) == FAULTS:
        _write(outcomes, problems)
    return 1 if problems else 0


def _run(names: Sequence[str], times: int) -> tuple[list[Outcome], list[str]]:
    """Run the faults. Return their outcomes, and one line for each problem."""
    outcomes: list[Outcome] = []
    problems = []
    for name in names:
        print(f"{name} …", file=sys.stderr, flush=True)
        fault = importlib.import_module(f"faults.{name}")
        try:
            found: list[Outcome] = uvloop.run(fault.run(times))
        except BenchmarkError as error:
            new = [f"{name}: {error}"]
        except Skipped as reason:
            print(f"{name}: skipped: {reason}", file=sys.stderr, flush=True)
            continue
        else:
            outcomes += found
            new = [f"{name}, {each.database}: {line}" for each in found for line in each.problems]
        problems += new
        for line in new:
            print(line, file=sys.stderr, flush=True)
    return outcomes, problems


def _write(outcomes: Sequence[Outcome], problems: Sequence[str]) -> None:
    shown = run([str(find_programs() / "postgres"), "--version"], env={})
    machine = environment(postgresql=shown.split()[2])
    del machine["load generator"]  # the faults have clients of their own
    faults = [asdict(outcome) for outcome in outcomes]
    write_json(
        RESULTS / "faults.json", {"environment": machine, "problems": problems, "faults": faults}
    )
    found = "".join(f"- {problem}\n" for problem in problems)
    where = "".join(f"- {name}: {value}\n" for name, value in machine.items())
    verdict = f"Problems:\n\n{found}" if problems else "No problems were found.\n"
    text = f"{table(outcomes)}\n{verdict}\nMeasured on:\n\n{where}"
    write_parts({"faults": text})


def _allow_many_connections() -> None:
    """Raise the limit of open files as far as possible. The servers inherit it."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


if __name__ == "__main__":
    # Exit normally on SIGTERM, so that the servers are stopped too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    sys.exit(main(sys.argv[1:]))
