"""Report the figures of a replay, and whether the books are right."""

import math
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from msgspec import Struct

from benchmarks.replay.invoices import Books, Invoice
from benchmarks.replay.playing import Tally

ROOT = Path(__file__).resolve().parents[2]
LOOPBACK = {"127.0.0.1", "localhost", "::1"}
SHOWN_OF_A_KEY = 8


class Result(Struct, kw_only=True):
    """The last line of a replay's output. reconciled: None if unknown.

    revenue, charges, invoice_totals: exact sums, of product lines, of charges, and of both.
    """

    invoices: int
    orders_placed: int
    orders_replayed: int
    orders_rejected: int
    lines: int
    units_sold: int
    revenue: str
    charges: str
    invoice_totals: str
    units_returned: int
    skipped_rows: dict[str, int]
    orders_per_second: float
    lines_per_second: float
    p50_ms: float
    p99_ms: float
    reconciled: bool | None


def result_of(books: Books, tally: Tally, reconciled: bool | None) -> Result:
    """Compute the figures of a finished replay."""
    answered = tally.placed + tally.replayed
    return Result(
        invoices=sum(isinstance(each, Invoice) for each in books.played),
        orders_placed=tally.placed,
        orders_replayed=tally.replayed,
        orders_rejected=tally.rejected,
        lines=tally.lines,
        units_sold=tally.units_sold,
        revenue=f"{tally.revenue:.2f}",
        charges=f"{tally.charges:.2f}",
        invoice_totals=f"{tally.invoice_totals:.2f}",
        units_returned=tally.units_returned,
        skipped_rows=dict(sorted(books.skipped.items())),
        orders_per_second=round(answered / tally.seconds, 1),
        lines_per_second=round(tally.lines / tally.seconds, 1),
        p50_ms=round(1000 * percentile(tally.latencies, 50), 2),
        p99_ms=round(1000 * percentile(tally.latencies, 99), 2),
        reconciled=reconciled,
    )


def percentile(values: Sequence[float], percent: float) -> float:
    """The nearest-rank percentile of `values`, or 0 if there are none."""
    rank = math.ceil(len(values) * percent / 100)
    return sorted(values)[max(rank, 1) - 1] if values else 0.0


def reconcile(url: str, key: str) -> bool | None:
    """Whether `manage.py reconcile` finds the server's books right.

    None if the present settings are not the server's: it runs on another machine, or the database
    does not know the key.
    """
    if urlsplit(url).hostname not in LOOPBACK:
        return None
    keys = _manage("listkeys")
    if keys.returncode or key[:SHOWN_OF_A_KEY] not in keys.stdout:
        return None
    return _manage("reconcile").returncode == 0


def _manage(command: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "manage.py", command],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )


def table(result: Result, tally: Tally) -> str:
    """Render the figures for people."""
    skipped = ", ".join(f"{count:,} {reason}" for reason, count in result.skipped_rows.items())
    verdict = {True: "right", False: "WRONG", None: "not checked"}[result.reconciled]
    rows = {
        "invoices": f"{result.invoices:,}",
        "orders placed": f"{result.orders_placed:,}",
        "orders replayed": f"{result.orders_replayed:,}",
        "orders rejected": f"{result.orders_rejected:,}",
        "lines": f"{result.lines:,}",
        "units sold": f"{result.units_sold:,}",
        "revenue": f"{tally.revenue:,.2f}",
        "charges": f"{tally.charges:,.2f}",
        "invoice totals": f"{tally.invoice_totals:,.2f}",
        "returns": f"{tally.returns:,}",
        "returns replayed": f"{tally.returns_replayed:,}",
        "returns rejected": f"{tally.returns_rejected:,}",
        "units returned": f"{result.units_returned:,}",
        "skipped rows": skipped or "0",
        "orders per second": f"{result.orders_per_second:,}",
        "lines per second": f"{result.lines_per_second:,}",
        "median, 99th percentile": f"{result.p50_ms} ms, {result.p99_ms} ms",
        "books": verdict,
    }
    return "\n".join(f"{name:<25}{value}" for name, value in rows.items())
