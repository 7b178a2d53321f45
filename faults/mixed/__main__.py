"""Do everything at once, with faults, and check the histories: `python -m faults.mixed`.

Clients place, hold, confirm, change, pay, refund, cancel, ship, deliver, take back, count, import,
archive and read, and keep a history.
The exit status is 1 if there is any anomaly, or anything else is wrong.
"""

import argparse
import signal
import sys
from collections import Counter
from math import inf

import uvloop

from benchmarks.report import markdown_table
from faults.mixed.history import History
from faults.mixed.running import FAULTS, Plan, Result, run
from faults.outcome import Skipped

LOG_HEAD = 20_000
"""How much of the tracebacks in the server's log is printed."""
SHOWN = 5
"""How many anomalies of a rule are printed."""


def main(arguments: list[str]) -> int:
    """Return the exit status."""
    try:
        result = uvloop.run(run(_plan(arguments)))
    except Skipped as reason:
        print(f"skipped: {reason}", file=sys.stderr)
        return 0
    print(render(result))
    print(result.tracebacks[:LOG_HEAD], file=sys.stderr)
    return 1 if wrong(result) else 0


def wrong(result: Result) -> list[str]:
    """A line for everything that is wrong; the anomalies of a rule are shown up to SHOWN."""
    found = [
        f"{rule}: {line}" for rule, lines in result.anomalies.items() for line in lines[:SHOWN]
    ]
    if result.books:
        found.append(f"reconcile: {result.books}")
    return found + result.problems


def acknowledged(history: History) -> list[tuple[str, int]]:
    """How many requests of each kind that changes something were acknowledged."""
    done = Counter(what for what, _ in {(x.what, x.key) for x in history.keyed if x.told == "done"})
    for write in history.writes:
        if write.kind == "order" and -inf < write.begin and write.end < inf:
            done[write.value if write.field == "status" else "changed"] += 1
    return sorted(done.items())


def render(result: Result) -> str:
    """A table of the run, and what is wrong."""
    statuses = result.history.statuses
    rows = {
        "requests": f"{statuses.total():,}",
        "seconds": f"{result.seconds:,.0f}",
        "faults": ", ".join(f"{name} {n}" for name, n in Counter(result.struck).items()) or "–",
        "answers": ", ".join(f"{key or 'none'} {statuses[key]:,}" for key in sorted(statuses)),
        "acknowledged": ", ".join(f"{what} {n:,}" for what, n in acknowledged(result.history)),
        "holds moved into the past": f"{result.history.moved:,}",
        "events": ", ".join(f"{kind} {n:,}" for kind, n in sorted(result.events.items())),
        "anomalies": f"{sum(map(len, result.anomalies.values())):,}",
        "of these": ", ".join(f"{rule} {len(x):,}" for rule, x in result.anomalies.items()) or "–",
        "books": "wrong" if result.books else "right",
    }
    problems = "".join(f"- {line}\n" for line in wrong(result))
    return f"{markdown_table(['what', 'figure'], [[*row] for row in rows.items()])}\n{problems}"


def _plan(arguments: list[str]) -> Plan:
    parser = argparse.ArgumentParser(prog="python -m faults.mixed", description=__doc__)
    parser.add_argument("--database", choices=FAULTS, default="postgresql")
    parser.add_argument(
        "--faults", nargs="*", metavar="NAME", help="in turn; default: all of the database"
    )
    parser.add_argument("--requests", type=int, default=100_000, help="default: 100000")
    parser.add_argument("--seconds", type=float, default=3600, help="at most; default: 3600")
    parser.add_argument("--clients", type=int, default=30, help="at a time; default: 30")
    parser.add_argument("--workers", type=int, default=2, help="default: 2")
    parser.add_argument(
        "--times", type=int, help="how often each fault strikes; default: until the clients stop"
    )
    parser.add_argument(
        "--pause", type=float, default=8, help="seconds from a fault to the next; default: 8"
    )
    options = parser.parse_args(arguments)
    known = FAULTS[options.database]
    faults = known if options.faults is None else tuple(options.faults)
    if unknown := [name for name in faults if name not in known]:
        parser.error(f"{', '.join(unknown)}: choose from {', '.join(known)}")
    return Plan(**vars(options) | {"faults": faults})


if __name__ == "__main__":
    # Exit normally on SIGTERM, so that the servers are stopped too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    sys.exit(main(sys.argv[1:]))
