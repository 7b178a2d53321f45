"""The outcome of a fault, and the table of all outcomes."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmarks.report import markdown_table
from faults.checks import Verdict
from faults.clients import Answers


class Skipped(Exception):
    """A fault cannot be brought about on this machine. The message says why."""


@dataclass(frozen=True)
class Outcome:
    """One row of the table.

    done: what was broken, and how.
    errors: how many answers were 5xx, other than 503.
    pause: the longest time without an acknowledged order, in seconds.
    figures: measurements of this fault alone, by name and unit.
    problems: what is wrong; empty if nothing is.
    """

    fault: str
    database: str
    done: str
    times: int
    orders: int
    retries: int
    replays: int
    errors: int
    verdict: Verdict
    pause: float | None = None
    figures: dict[str, float] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def outcome(
    fault: str,
    database: str,
    done: str,
    answers: Answers,
    verdict: Verdict,
    *,
    times: int = 1,
    pause: float | None = None,
    figures: dict[str, float] | None = None,
    problems: list[str] | None = None,
) -> Outcome:
    """Make an Outcome. Its problems include those of the verdict, and answers 5xx."""
    failed = [f"{answers.errors} answers 5xx other than 503"] if answers.errors else []
    return Outcome(
        fault=fault,
        database=database,
        done=done,
        times=times,
        orders=len(answers.placed),
        retries=answers.retries,
        replays=answers.replays,
        errors=answers.errors,
        verdict=verdict,
        pause=pause,
        figures=figures or {},
        problems=[*verdict.problems(), *failed, *(problems or [])],
    )


HEADER = (
    "fault",
    "database",
    "times",
    "orders",
    "retries",
    "replays",
    "5xx",
    "longest pause, s",
    "lost",
    "doubled",
    "differing",
    "unexplained",
    "books",
    "more figures",
)


def table(outcomes: Sequence[Outcome]) -> str:
    """Render the outcomes as a Markdown table."""
    return markdown_table(HEADER, [_row(outcome) for outcome in outcomes])


def _row(outcome: Outcome) -> list[str]:
    verdict = outcome.verdict
    counts = (outcome.times, outcome.orders, outcome.retries, outcome.replays, outcome.errors)
    wrong = (verdict.lost, verdict.doubled, verdict.differing, verdict.unexplained)
    return [
        f"`{outcome.fault}`: {outcome.done}",
        outcome.database,
        *(f"{count:,}" for count in counts),
        "–" if outcome.pause is None else f"{outcome.pause:.1f}",
        *(f"{count:,}" for count in wrong),
        "wrong" if verdict.books else "right",
        "<br>".join(f"{name} {_number(value)}" for name, value in outcome.figures.items()),
    ]


def _number(value: float) -> str:
    """Format a count in full and a measurement to three digits."""
    if isinstance(value, int) or value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"
