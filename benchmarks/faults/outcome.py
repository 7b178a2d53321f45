"""What a fault came to, and the table of all of them."""

from dataclasses import dataclass, field

from benchmarks.faults.checks import Verdict
from benchmarks.faults.clients import Answers


@dataclass(frozen=True)
class Outcome:
    """One row. pause: the longest time without an order acknowledged, in seconds.

    figures: what only this fault has, by name with unit. problems: what is off; empty is good.
    """

    fault: str
    database: str
    done: str
    times: int
    orders: int
    retries: int
    replays: int
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
    """An Outcome whose problems include those of the verdict."""
    return Outcome(
        fault=fault,
        database=database,
        done=done,
        times=times,
        orders=len(answers.placed),
        retries=answers.retries,
        replays=answers.replays,
        verdict=verdict,
        pause=pause,
        figures=figures or {},
        problems=[*verdict.problems(), *(problems or [])],
    )
