"""Break things under load, and say what became of the orders.

Exits with 1 if anything is lost, doubled or otherwise off. A whole run writes
`benchmarks/results/faults.json` and a table into `docs/`; a part of it prints its table.
"""

import argparse
import importlib
import resource
import signal
import sys
from collections.abc import Sequence
from dataclasses import asdict

import uvloop

from benchmarks.report import environment, write_json, write_parts
from benchmarks.servers import BenchmarkError, run
from faults.outcome import Outcome, table
from tests.postgres import find_programs

FAULTS = (
    "kill_worker",
    "stop_postgres",
    "kill_server_sqlite",
    "lost_commit",
    "last_units",
    "same_key",
    "held_row",
    "overload",
    "slow_clients",
    "sigterm",
)
"""Each is a module here, with a coroutine `run(times)` that returns Outcomes."""
TIMES = 20


def main(arguments: list[str]) -> int:
    """Return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m faults", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=FAULTS, default=FAULTS, metavar="NAME")
    parser.add_argument("--times", type=int, default=TIMES, help=f"of each; default: {TIMES}")
    options = parser.parse_args(arguments)
    _allow_many_connections()
    outcomes, problems = _run(options.only, options.times)
    print(table(outcomes))
    if tuple(options.only) == FAULTS:
        _write(outcomes, problems)
    return 1 if problems else 0


def _run(names: Sequence[str], times: int) -> tuple[list[Outcome], list[str]]:
    """What the faults came to, and a line for everything that is off."""
    outcomes: list[Outcome] = []
    problems = []
    for name in names:
        print(f"{name} …", file=sys.stderr, flush=True)
        fault = importlib.import_module(f"faults.{name}")
        try:
            found: list[Outcome] = uvloop.run(fault.run(times))
        except BenchmarkError as error:
            off = [f"{name}: {error}"]
        else:
            outcomes += found
            off = [f"{name}, {each.database}: {line}" for each in found for line in each.problems]
        problems += off
        for line in off:
            print(line, file=sys.stderr, flush=True)
    return outcomes, problems


def _write(outcomes: Sequence[Outcome], problems: Sequence[str]) -> None:
    said = run([str(find_programs() / "postgres"), "--version"], env={})
    machine = environment(postgresql=said.split()[2])
    del machine["load generator"]  # the clients are our own
    faults = [asdict(outcome) for outcome in outcomes]
    write_json("faults", {"environment": machine, "problems": problems, "faults": faults})
    off = "".join(f"- {problem}\n" for problem in problems)
    where = "".join(f"- {name}: {value}\n" for name, value in machine.items())
    verdict = f"What is off:\n\n{off}" if problems else "Nothing was off.\n"
    text = f"{table(outcomes)}\n{verdict}\nMeasured on:\n\n{where}"
    write_parts({"faults": text})


def _allow_many_connections() -> None:
    """Raise this process's limit of open files, which its servers inherit, as far as it goes."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


if __name__ == "__main__":
    # So that what was started is also stopped when this run is told to end.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    sys.exit(main(sys.argv[1:]))
