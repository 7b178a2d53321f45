"""Summarize many runs: medians by cell, the best of several cells, and ratios."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from benchmarks.measuring import Run
from benchmarks.registry import Cell


@dataclass(frozen=True)
class Summary:
    """The runs of one cell: medians, the lowest and highest rate, and the sum of the errors."""

    cell: Cell
    rounds: int
    rate: float
    lowest: float
    highest: float
    p50_ms: float
    p99_ms: float
    application_us: float
    database_us: float
    errors: dict[str, int]
    failures: list[str]


Summaries = Mapping[Cell, Summary]


def summarize(runs: Iterable[Run]) -> dict[Cell, Summary]:
    """Summarize each cell, in the order of their first runs."""
    by_cell: dict[Cell, list[Run]] = {}
    for run in runs:
        by_cell.setdefault(run.cell, []).append(run)
    return {cell: _summary(cell, several) for cell, several in by_cell.items()}


def _summary(cell: Cell, runs: list[Run]) -> Summary:
    kinds = dict.fromkeys(kind for run in runs for kind in run.errors)
    return Summary(
        cell,
        rounds=len(runs),
        rate=median(run.rate for run in runs),
        lowest=min(run.rate for run in runs),
        highest=max(run.rate for run in runs),
        p50_ms=median(run.p50_ms for run in runs),
        p99_ms=median(run.p99_ms for run in runs),
        application_us=median(run.application_us for run in runs),
        database_us=median(run.database_us for run in runs),
        errors={kind: sum(run.errors.get(kind, 0) for run in runs) for kind in kinds},
        failures=[failure for run in runs for failure in run.failures],
    )


@dataclass(frozen=True)
class Comparison:
    """A figure (`rate` or `p99_ms`) of two cells. ratio: `of` divided by `to`."""

    figure: str
    of: Summary
    to: Summary
    ratio: float


def compare(summaries: Summaries) -> list[Comparison]:
    """Make the comparisons whose sides were both measured."""
    found = []
    for figure, of, to in _pairs(summaries):
        if of and to and getattr(to, figure):
            ratio = getattr(of, figure) / getattr(to, figure)
            found.append(Comparison(figure, of, to, ratio))
    return found


def _pairs(summaries: Summaries) -> list[tuple[str, Summary | None, Summary | None]]:
    def at(
        design: str, scenario: str, connections: int, database: str = "postgresql"
    ) -> Summary | None:
        return summaries.get(Cell(design, database, scenario, connections))

    def best(design: str, scenario: str) -> Summary | None:
        """The fastest on PostgreSQL, with any number of connections and workers."""
        several = [
            summary
            for cell, summary in summaries.items()
            if cell.design.removesuffix("_sync") == design
            and (cell.database, cell.scenario) == ("postgresql", scenario)
        ]
        return max(several, key=lambda summary: summary.rate, default=None)

    def against(connections: int) -> tuple[str, Summary | None, Summary | None]:
        """The same connections for both."""
        both = ("tradepost", "pgbench_statements")
        of, to = (at(design, "spread", connections) for design in both)
        return "rate", of, to

    spread, one = at("tradepost", "spread", 256), at("tradepost", "one", 256)
    sqlite = at("tradepost", "spread", 256, "sqlite")
    return [
        ("rate", spread, best("pgbench_statements", "spread")),
        ("rate", spread, best("pgbench_function", "spread")),
        ("rate", one, best("pgbench_statements", "one")),
        ("rate", one, best("pgbench_function", "one")),
        ("rate", at("tradepost", "spread", 64), best("pgbench_statements", "spread")),
        against(1),
        against(4),
        against(16),
        ("rate", spread, best("drf_plain", "spread")),
        ("rate", spread, best("drf_locking", "spread")),
        ("rate", one, best("drf_locking", "one")),
        ("rate", spread, best("fastapi_sqlalchemy", "spread")),
        ("rate", one, best("fastapi_sqlalchemy", "one")),
        ("rate", at("tradepost", "lines", 64), at("pgbench_function", "lines", 64)),
        ("rate", at("tradepost", "lines", 64), at("drf_locking", "lines", 64)),
        ("rate", at("drf_locking", "spread", 64), at("drf_services", "spread", 64)),
        ("rate", sqlite, at("drf_locking", "spread", 256, "sqlite")),
        ("rate", one, spread),
        ("rate", one, at("tradepost_1", "one", 256)),
        ("rate", at("tradepost_4", "one", 256), at("tradepost_1", "one", 256)),
        ("p99_ms", spread, at("drf_plain", "spread", 256)),
        ("p99_ms", spread, at("drf_locking", "spread", 256)),
        ("p99_ms", spread, at("fastapi_sqlalchemy", "spread", 256)),
        ("p99_ms", one, at("drf_locking", "one", 256)),
        ("p99_ms", one, at("fastapi_sqlalchemy", "one", 256)),
    ]


def as_json(item: Any) -> dict[str, Any]:
    """A Run, Summary or Comparison as rounded values, without logs.

    A comparison's sides are reduced to their cells.
    """
    return {name: _plain(value) for name, value in vars(item).items() if name != "log"}


def _plain(value: Any) -> Any:
    if isinstance(value, Cell):
        return asdict(value)
    if isinstance(value, Summary):
        return asdict(value.cell)
    return round(value, 3) if isinstance(value, float) else value
