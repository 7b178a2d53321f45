"""The tables and plots of `benchmarks.reads`."""

import statistics
from collections.abc import Mapping

from benchmarks.reads.measuring import Results
from benchmarks.reads.readers import (
    FEW,
    MANY,
    ORDER,
    PRODUCT,
    PRODUCTS,
    READERS,
    Cell,
)
from benchmarks.report import IMAGES, bar_plot, markdown_table

PLOTTED = (PRODUCT, ORDER, PRODUCTS)


def median_rates(results: Results) -> dict[Cell, float]:
    """The median requests per second of each cell."""
    return {
        cell: statistics.median(each.load.rate for each in rounds)
        for cell, rounds in results.items()
    }


def ratio_table(rates: Mapping[Cell, float]) -> str:
    """Render the first reader's rate, and how many times that of each other one it is."""
    ours, *others = (name for name in READERS if any(cell.reader == name for cell in rates))
    rows = []
    for cell, rate in rates.items():
        if cell.reader == ours:
            row = [cell.kind, str(cell.connections), f"{rate:,.0f}"]
            for name in others:
                other = rates.get(cell._replace(reader=name))
                row += [f"{other:,.0f}", f"**{rate / other:.1f}**"] if other else ["–", "–"]
            rows.append(row)
    header = ["requests/s", "connections", READERS[ours].title]
    for name in others:
        header += [READERS[name].title, "times"]
    return markdown_table(header, rows)


def table(results: Results, statements: Mapping[tuple[str, str], float]) -> str:
    """Render a row for each cell. statements: per request, by kind and reader."""
    rows = []
    for cell, rounds in results.items():
        loads = [each.load for each in rounds]
        rates = sorted(each.rate for each in loads)
        count = statements.get((cell.kind, cell.reader))
        rows.append(
            [
                cell.kind,
                str(cell.connections),
                READERS[cell.reader].title,
                f"{statistics.median(rates):,.0f}",
                f"{rates[0]:,.0f} – {rates[-1]:,.0f}",
                f"{statistics.median(each.p50_ms for each in loads):,.1f}",
                f"{statistics.median(each.p99_ms for each in loads):,.1f}",
                f"{statistics.median(each.server_us for each in rounds):,.0f}",
                f"{statistics.median(each.database_us for each in rounds):,.0f}",
                "–" if count is None else f"{count:.1f}",
                str(sum(sum(each.errors.values()) for each in loads)),
            ]
        )
    header = ["what", "connections", "design", "requests/s", "lowest – highest", "p50 ms", "p99 ms"]
    header += ["CPU µs: app", "database", "statements", "errors"]
    return markdown_table(header, rows)


def plots(rates: Mapping[Cell, float]) -> str:
    """Write a plot for each number of connections. Return Markdown that shows them."""
    return "\n\n".join(filter(None, (_plot(rates, each) for each in (MANY, FEW))))


def _plot(rates: Mapping[Cell, float], connections: int) -> str:
    series = {kind: figures for kind in PLOTTED if (figures := _figures(rates, kind, connections))}
    if not series:
        return ""
    title = f"Reads per second at {connections} connections, PostgreSQL"
    path = IMAGES / f"reads-rate-{connections}.svg"
    bar_plot(path, title=title, unit="requests per second", series=series)
    return f"![{title}](../images/{path.name})"


def _figures(rates: Mapping[Cell, float], kind: str, connections: int) -> dict[str, float]:
    found = {
        READERS[cell.reader].title.replace("*", "").replace("`", ""): rate
        for cell, rate in rates.items()
        if (cell.kind, cell.connections) == (kind, connections)
    }
    return dict(sorted(found.items(), key=lambda item: item[1]))
