"""Time calls in turn, and report medians over the rounds."""

import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from benchmarks.report import RESULTS, markdown_table, write_json, write_parts

Key = TypeVar("Key")
Call = Callable[[], Any]


def in_turn(keys: Sequence[Key], *, rounds: int) -> Iterator[Key]:
    """All keys in each round, every second round backwards, so that drift favors no key."""
    for number in range(rounds):
        yield from keys if number % 2 == 0 else reversed(keys)


def microseconds(call: Call, *, calls: int) -> float:
    """The mean time of a call, over this many calls."""
    begin = time.perf_counter()
    for _ in range(calls):
        call()
    return (time.perf_counter() - begin) / calls * 1e6


def time_in_turn(
    work: Mapping[str, Mapping[str, Call]], *, rounds: int, calls: Mapping[str, int]
) -> dict[str, dict[str, list[float]]]:
    """Time calls in turn. Return microseconds per call for each round, by task and candidate.

    work: calls by task and candidate. calls: how many per round, by task.
    Each call runs once before the first round, untimed.
    """
    keys = [(what, who) for what, candidates in work.items() for who in candidates]
    times: dict[str, dict[str, list[float]]] = {
        what: {who: [] for who in candidates} for what, candidates in work.items()
    }
    for what, who in keys:
        work[what][who]()
    for what, who in in_turn(keys, rounds=rounds):
        times[what][who].append(microseconds(work[what][who], calls=calls[what]))
    return times


def medians(times: Mapping[str, Mapping[str, Sequence[float]]]) -> dict[str, dict[str, float]]:
    """The median of each list."""
    return {
        what: {who: statistics.median(each) for who, each in candidates.items()}
        for what, candidates in times.items()
    }


def time_table(figures: Mapping[str, Mapping[str, float]], *, base: str) -> str:
    """Render microseconds by candidate, and how many times as fast as `base` each is."""
    others = [who for who in next(iter(figures.values())) if who != base]
    header = ["µs per call", base]
    for who in others:
        header += [who, "times as fast"]
    rows = []
    for what, times in figures.items():
        row = [what, f"{times[base]:,.1f}"]
        for who in others:
            row += [f"{times[who]:,.1f}", f"{times[base] / times[who]:.2f}"]
        rows.append(row)
    return markdown_table(header, rows)


def publish(
    name: str,
    machine: Mapping[str, str],
    how: str,
    content: str,
    *,
    complete: bool = True,
    **result: Any,
) -> None:
    """Print the results, and write `results/NAME.json` and the part NAME of docs/.

    how: rounds and calls, for the line below the table. result: more content for the JSON.
    complete: if false, write `results/NAME-quick.json` instead and leave docs/ unchanged.
    """
    shown = [f"{each} {machine[each]}" for each in ("Python", "PostgreSQL") if machine.get(each)]
    part = f"{content.strip()}\n\n{how} {machine['processors']}, {', '.join(shown)}."
    print(part)
    path = RESULTS / f"{name}{'' if complete else '-quick'}.json"
    write_json(path, {"environment": machine, "how": how, **result})
    if complete:
        write_parts({name: part})
