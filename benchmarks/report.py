"""Write results: the machine, Markdown tables, JSON, and plots as SVG."""

import json
import platform
import re
import sqlite3
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

from benchmarks.generator import generator_version
from benchmarks.servers import ROOT

RESULTS = Path(__file__).parent / "results"
DOCS = ROOT / "docs"
IMAGES = DOCS / "images"
PACKAGES = {
    "Django": "django",
    "djangorestframework": "djangorestframework",
    "msgspec": "msgspec",
    "psycopg": "psycopg",
    "Granian": "granian",
}


def environment(*, postgresql: str, packages: Mapping[str, str] | None = None) -> dict[str, str]:
    """The machine and the versions that figures depend on, by name.

    postgresql: the server's version. packages: more distributions, by the name to show.
    """
    cores = psutil.cpu_count(logical=True) or 0
    memory = psutil.virtual_memory().total / 2**30
    versions = {
        name: version(package) for name, package in {**PACKAGES, **(packages or {})}.items()
    }
    return {
        "processors": f"{cores} × {_processor()}",
        "memory": f"{memory:.0f} GiB",
        "kernel": f"{platform.system()} {platform.release()}",
        "Python": platform.python_version(),
        "PostgreSQL": postgresql,
        "SQLite": sqlite3.sqlite_version,
        **versions,
        "load generator": generator_version(),
    }


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Render a table, or "" without rows. Columns with only figures are right-aligned."""
    if not rows:
        return ""
    columns = zip(*rows, strict=True)
    right = [all(re.fullmatch(r"[\d.,*– ]+", cell) for cell in column) for column in columns]
    rule = ["---:" if each else "---" for each in right]
    lines = [header, rule, *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def environment_table(machine: Mapping[str, str], options: Mapping[str, Any]) -> str:
    """Render what `environment` returned, with the rounds and seconds of the measurement."""
    measured = {"measured": f"{options['rounds']} rounds of {options['seconds']} seconds each"}
    rows = [[name, value] for name, value in {**machine, **measured}.items()]
    return markdown_table(("", ""), rows)


def write_json(path: Path, result: Mapping[str, Any]) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n")


def replace_part(document: str, name: str, content: str) -> str:
    """Replace the text between `<!-- begin NAME -->` and `<!-- end NAME -->`.

    Raises ValueError unless the document has exactly one such part.
    """
    begin, end = f"<!-- begin {name} -->", f"<!-- end {name} -->"
    pattern = re.compile(rf"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    replaced, count = pattern.subn(lambda _: f"{begin}\n\n{content.strip()}\n\n{end}", document)
    if count != 1:
        raise ValueError(f"The document has {count} parts {name!r}; expected one.")
    return replaced


def write_parts(parts: Mapping[str, str]) -> None:
    """Write generated parts, by their names, to the pages of docs/ that contain them.

    Raises ValueError unless exactly one page has each part.
    """
    pages = {page: page.read_text() for page in DOCS.rglob("*.md")}
    for name, content in parts.items():
        found = [page for page, text in pages.items() if f"<!-- begin {name} -->" in text]
        if len(found) != 1:
            raise ValueError(f"{len(found)} pages have the part {name!r}; expected one.")
        pages[found[0]] = replace_part(pages[found[0]], name, content)
        found[0].write_text(pages[found[0]])


def bar_plot(
    path: Path, *, title: str, unit: str, series: Mapping[str, Mapping[str, float]]
) -> None:
    """Write horizontal bars as SVG: a group per label, with a bar per series.

    series: figures by label, from small to large, by the name of the series.
    The same figures produce the same file.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    labels = list(dict.fromkeys(label for figures in series.values() for label in figures))
    height = 0.8 / len(series)
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": path.stem, "font.size": 9}):
        figure = Figure(figsize=(8, 0.8 + 0.22 * len(labels) * (len(series) + 0.6)))
        axes = figure.subplots()
        for number, (name, figures) in enumerate(series.items()):
            places = [labels.index(label) + number * height for label in figures]
            bars = axes.barh(places, list(figures.values()), height * 0.92, label=name)
            axes.bar_label(bars, fmt=lambda value: f"{value:,.0f}", padding=3)
        middle = height * (len(series) - 1) / 2
        axes.set_yticks([place + middle for place in range(len(labels))], labels)
        axes.invert_yaxis()
        axes.xaxis.set_major_formatter("{x:,.0f}")
        axes.margins(x=0.1)
        axes.set_xlabel(unit)
        axes.set_title(title, loc="left")
        axes.spines[["top", "right"]].set_visible(False)
        if len(series) > 1:
            axes.legend(loc="upper right", frameon=False)
        path.parent.mkdir(exist_ok=True)
        figure.savefig(path, format="svg", bbox_inches="tight", metadata={"Date": None})


def _processor() -> str:
    """The processor's name according to the kernel."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists() and (
        match := re.search(r"^model name\s*: (.+)$", cpuinfo.read_text(), re.MULTILINE)
    ):
        return match[1]
    return platform.processor() or platform.machine()
