"""The tables and plots that `benchmarks.orders` writes to docs/."""

from collections.abc import Iterable, Mapping

from benchmarks.registry import DESIGNS, PGBENCH_CONNECTIONS, SCENARIOS, Cell
from benchmarks.report import IMAGES, bar_plot, markdown_table
from benchmarks.summary import Comparison, Summaries, Summary

DATABASES = {"postgresql": "PostgreSQL", "sqlite": "SQLite"}
FIGURES = {"rate": "orders/s", "p99_ms": "p99 ms"}
PLOTTED = {
    "rate": ("Orders per second", "orders per second"),
    "p99_ms": ("99th percentile of latency", "milliseconds"),
}
PGBENCH = ("pgbench_statements", "pgbench_function")
HEADER = (
    "design",
    "connections",
    "orders/s",
    "lowest – highest",
    "p50 ms",
    "p99 ms",
    "CPU µs: app",
    "database",
    "errors",
    "books",
)


def tables(summaries: Summaries) -> str:
    """Render a table for each database and scenario, and two for pgbench."""
    parts = []
    for database, name in DATABASES.items():
        for scenario, described in SCENARIOS.items():
            rows = [
                _row(summary)
                for cell, summary in summaries.items()
                if (cell.database, cell.scenario) == (database, scenario)
                and cell.design not in PGBENCH
            ]
            if rows:
                title = f"### {name}, {described.title}"
                parts.append(f"{title}\n\n{markdown_table(HEADER, rows)}")
    header = ("", *map(str, PGBENCH_CONNECTIONS), "books")
    for figure, what in (("rate", "orders per second"), ("database_us", "CPU µs of PostgreSQL")):
        if rows := _pgbench_rows(summaries, figure):
            title = f"### pgbench, {what} by connections"
            parts.append(f"{title}\n\n{markdown_table(header, rows)}")
    return "\n".join(parts)


def _row(summary: Summary) -> list[str]:
    cell = summary.cell
    return [
        DESIGNS[cell.design].title,
        str(cell.connections),
        f"{summary.rate:,.0f}",
        f"{summary.lowest:,.0f} – {summary.highest:,.0f}",
        f"{summary.p50_ms:,.1f}",
        f"{summary.p99_ms:,.1f}",
        f"{summary.application_us:,.0f}",
        f"{summary.database_us:,.0f}" if cell.database == "postgresql" else "–",
        ", ".join(f"{n} {kind}" for kind, n in summary.errors.items() if n) or "0",
        _books([summary]),
    ]


def _pgbench_rows(summaries: Summaries, figure: str) -> list[list[str]]:
    """Render a figure of each design and scenario. The best rate stands out, wherever it is."""
    rows = []
    for design in PGBENCH:
        for scenario, described in SCENARIOS.items():
            found = {
                cell.connections: summary
                for cell, summary in summaries.items()
                if (cell.design, cell.scenario) == (design, scenario)
            }
            if not found:
                continue
            best = max(found.values(), key=lambda summary: summary.rate)
            figures = [found.get(connections) for connections in PGBENCH_CONNECTIONS]
            rows.append(
                [
                    f"{DESIGNS[design].title}, {described.title}",
                    *(_pgbench_cell(each, figure, best) for each in figures),
                    _books(found.values()),
                ]
            )
    return rows


def _pgbench_cell(summary: Summary | None, figure: str, best: Summary) -> str:
    if summary is None:
        return "–"
    shown = f"{getattr(summary, figure):,.0f}"
    return f"**{shown}**" if summary is best else shown


def _books(summaries: Iterable[Summary]) -> str:
    failures = [failure for summary in summaries for failure in summary.failures]
    return f"**WRONG**: {'; '.join(failures)}".replace("\n", " ") if failures else "right"


def comparison_table(comparisons: Iterable[Comparison]) -> str:
    """Render ratios of medians. Higher rates and lower latencies are better."""
    rows = [
        [
            _label(each.of),
            _figure(each.of, each.figure),
            _label(each.to),
            _figure(each.to, each.figure),
            FIGURES[each.figure],
            f"**{each.ratio:.2f}**",
        ]
        for each in comparisons
    ]
    header = ("design", "figure", "compared with", "figure", "what", "ratio")
    return markdown_table(header, rows)


def _figure(summary: Summary, figure: str) -> str:
    return f"{summary.rate:,.0f}" if figure == "rate" else f"{getattr(summary, figure):,.1f}"


def _label(summary: Summary) -> str:
    cell = summary.cell
    database = ", SQLite" if cell.database == "sqlite" else ""
    scenario = SCENARIOS[cell.scenario].title
    return f"{DESIGNS[cell.design].title}{database}, {scenario}, {cell.connections} connections"


def statement_table(counts: Mapping[Cell, float]) -> str:
    """Render the statements per order. counts: by cell, for several numbers of connections."""
    connections = sorted({cell.connections for cell in counts})
    designs = dict.fromkeys((cell.design, cell.scenario) for cell in counts)
    rows = []
    for design, scenario in designs:
        found = [counts.get(Cell(design, "postgresql", scenario, each)) for each in connections]
        title = f"{DESIGNS[design].title}, {SCENARIOS[scenario].title}"
        rows.append([title, *(f"{n:.2f}" if n is not None else "–" for n in found)])
    header = ("statements per order, at connections", *map(str, connections))
    return markdown_table(header, rows)


def plots(summaries: Summaries) -> str:
    """Write the plots. Return Markdown that shows them."""
    wanted = [("rate", 256), ("rate", 64), ("rate", 16), ("p99_ms", 256)]
    return "\n\n".join(filter(None, (_plot(summaries, *each) for each in wanted)))


def _plot(summaries: Summaries, figure: str, connections: int) -> str:
    series = {
        SCENARIOS[scenario].title: figures
        for scenario in ("spread", "one")
        if (figures := _figures(summaries, figure, scenario, connections))
    }
    if not series:
        return ""
    what, unit = PLOTTED[figure]
    title = f"{what} at {connections} connections, PostgreSQL"
    path = IMAGES / f"orders-{figure.replace('_', '-')}-{connections}.svg"
    bar_plot(path, title=title, unit=unit, series=series)
    return f"![{title}](../images/{path.name})"


def _figures(
    summaries: Summaries, figure: str, scenario: str, connections: int
) -> dict[str, float]:
    """The figures at this number of connections by title; for pgbench, its best rate at any."""
    figures: dict[str, float] = {}
    for cell, summary in summaries.items():
        if (cell.database, cell.scenario) != ("postgresql", scenario):
            continue
        title = DESIGNS[cell.design].title.replace("*", "").replace("`", "")
        if cell.design in PGBENCH and figure == "rate":
            title += " (best)"
            figures[title] = max(figures.get(title, 0), summary.rate)
        elif cell.connections == connections:
            figures[title] = getattr(summary, figure)
    return dict(sorted(figures.items(), key=lambda item: item[1]))
