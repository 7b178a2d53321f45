"""Abuse a server while clients order: `python -m faults.abuse [--minutes N]`.

First the clients order alone. Then attackers, who are held to half a core, do nothing but abuse.
The exit status is 1 if an order fails, if the clients wait more than twice as long, if memory grows
or stays, if a file is left over, or if an answer is 5xx other than 503.
"""

import argparse
import signal
import sys

import uvloop

from benchmarks.report import markdown_table
from faults.abuse.attacks import ATTACKS
from faults.abuse.running import Plan, Result, run
from faults.clients import Answers
from faults.shop import DATABASES

LOG_HEAD = 20_000
"""How much of the tracebacks in the server's log is printed."""
MAX_RATIO = 2.0
"""Of the 99th percentile with abuse to the one without."""
MAX_GROWTH = 1.05
"""Of memory at the end of the abuse, relative to ten minutes before."""
MAX_LASTING = 1.1
"""Of memory afterwards, relative to before."""


def main(arguments: list[str]) -> int:
    """Return the exit status."""
    plan = _plan(arguments)
    result = uvloop.run(run(plan))
    print(render(plan, result))
    print(result.tracebacks[:LOG_HEAD], file=sys.stderr)
    return 1 if wrong(plan, result) else 0


def wrong(plan: Plan, result: Result) -> list[str]:
    """A line for everything that is wrong."""
    without, with_ = result.p99
    attacks = result.attackers.answers.items()
    failed = len(result.beside.refused) + len(result.beside.open)
    checks = {
        f"{failed} orders failed": failed,
        f"p99 is {with_ / without:.1f} times higher": with_ > MAX_RATIO * without,
        f"{result.beside.errors} orders were answered 5xx": result.beside.errors,
        "attackers were answered 5xx": any(_errors(each) for _, each in attacks),
        f"memory grew to {result.growth.ratio:.2f} times": result.growth.ratio > MAX_GROWTH,
        "memory stays in use": result.after > MAX_LASTING * result.before,
        f"left over: {', '.join(result.files)}": result.files,
        f"{result.workers - plan.workers} workers were replaced": result.workers > plan.workers,
        f"the server ended with status {result.status}": result.status,
    }
    return [*result.verdict.problems(), *(line for line, found in checks.items() if found)]


def render(plan: Plan, result: Result) -> str:
    """A table of the run, one of the attacks, and what is wrong."""
    without, with_ = result.p99
    figures = {
        "database": plan.database,
        "seconds of abuse": f"{plan.seconds:,.0f}",
        "cores that attackers used": f"{result.attackers.cores:.2f}",
        "orders without and with abuse": f"{_count(result.alone)}, {_count(result.beside)}",
        "retries": f"{result.beside.retries:,}",
        "p99 without abuse, ms": f"{1_000 * without:.1f}",
        "p99 with abuse, ms": f"{1_000 * with_:.1f}",
        "ratio": f"{with_ / without:.2f}",
        "memory before, MiB": _mebibytes(result.before),
        "memory at the highest, MiB": _mebibytes(result.growth.highest),
        "memory ten minutes before the end, MiB": _mebibytes(result.growth.before),
        "memory at the end, MiB": _mebibytes(result.growth.after),
        "memory afterwards, MiB": _mebibytes(result.after),
        "files left over": f"{len(result.files):,}",
    }
    attacks = [
        [
            f"`{kind}`",
            f"{answers.total():,}",
            ", ".join(f"{status or 'none'} {answers[status]:,}" for status in sorted(answers)),
            f"{_errors(answers):,}",
        ]
        for kind, answers in result.attackers.answers.items()
    ]
    problems = "".join(f"- {line}\n" for line in wrong(plan, result))
    return "\n".join(
        [
            markdown_table(["what", "figure"], [[*row] for row in figures.items()]),
            markdown_table(["attack", "times", "answers", "5xx other than 503"], attacks),
            problems,
        ]
    )


def _errors(answers: dict[int, int]) -> int:
    return sum(n for status, n in answers.items() if status >= 500 and status != 503)


def _count(answers: Answers) -> str:
    return f"{len(answers.placed):,}"


def _mebibytes(size: float) -> str:
    return f"{size / 2**20:,.1f}"


def _plan(arguments: list[str]) -> Plan:
    kinds = [each.__name__ for each in ATTACKS]
    parser = argparse.ArgumentParser(prog="python -m faults.abuse", description=__doc__)
    parser.add_argument("--database", choices=DATABASES, default="postgresql")
    parser.add_argument("--kinds", nargs="+", choices=kinds, default=kinds, metavar="NAME")
    parser.add_argument("--minutes", type=float, default=20, help="of abuse; default: 20")
    parser.add_argument(
        "--alone", type=float, default=60, help="seconds without abuse; default: 60"
    )
    parser.add_argument("--rest", type=float, default=30, help="seconds after it; default: 30")
    parser.add_argument("--clients", type=int, default=16, help="that order; default: 16")
    parser.add_argument("--workers", type=int, default=2, help="default: 2")
    parser.add_argument("--cores", type=float, default=0.5, help="of attackers; default: 0.5")
    parser.add_argument("--orders", type=int, default=20_000, help="at first; default: 20000")
    options = vars(parser.parse_args(arguments))
    return Plan(seconds=60 * options.pop("minutes"), **options)


if __name__ == "__main__":
    # Exit normally on SIGTERM, so that the servers are stopped too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    sys.exit(main(sys.argv[1:]))
