"""Break things under load, and say what became of the orders.

Exits with 1 if anything is lost, doubled or otherwise off. A whole run writes
`benchmarks/results/faults.json` and the table in docs/faults.md; a part of it prints its table.
"""

import argparse
import importlib
import resource
import signal
import sys
from dataclasses import asdict

import uvloop

from benchmarks.faults.outcome import Outcome, table
from benchmarks.report import environment, replace_part, write_json
from benchmarks.servers import ROOT, BenchmarkError, run
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
DOCUMENT = ROOT / "docs" / "faults.md"


def main(arguments: list[str]) -> int:
    """Return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.faults", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=FAULTS, default=FAULTS, metavar="NAME")
    parser.add_argument("--times", type=int, default=TIMES, help=f"of each; default: {TIMES}")
    options = parser.parse_args(arguments)
    _allow_many_connections()
    outcomes = []
    failed = False
    for name in options.only:
        print(f"{name} …", file=sys.stderr, flush=True)
        try:
            fault = importlib.import_module(f"benchmarks.faults.{name}")
            found: list[Outcome] = uvloop.run(fault.run(options.times))
        except BenchmarkError as error:
            print(f"{name}: {error}", file=sys.stderr)
            failed = True
            continue
        outcomes += found
        for outcome in found:
            for problem in outcome.problems:
                print(f"{name}, {outcome.database}: {problem}", file=sys.stderr)
                failed = True
    print(table(outcomes))
    if tuple(options.only) == FAULTS and not failed:
        _write(outcomes)
    return 1 if failed else 0


def _write(outcomes: list[Outcome]) -> None:
    said = run([str(find_programs() / "postgres"), "--version"], env={})
    machine = environment(postgresql=said.split()[2])
    results = {"environment": machine, "faults": [asdict(outcome) for outcome in outcomes]}
    write_json("faults", results)
    where = "".join(f"- {name}: {value}\n" for name, value in machine.items())
    text = replace_part(DOCUMENT.read_text(), "faults", f"{table(outcomes)}\n{where}")
    DOCUMENT.write_text(text)


def _allow_many_connections() -> None:
    """Raise this process's limit of open files, which its servers inherit, as far as it goes."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


if __name__ == "__main__":
    # So that what was started is also stopped when this run is told to end.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    sys.exit(main(sys.argv[1:]))
