"""`manage.py import_products FILE`: create and update products from a file."""

import csv
import io
import sys
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from time import monotonic
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import Error, reset_queries
from tqdm import tqdm

from apps.products.exceptions import UnusableFile
from apps.products.importing.reading import parse_mapping, read_products
from apps.products.importing.reading.rows import COLUMNS, REQUIRED
from apps.products.operations import Outcome, Result, import_products
from monoservices.database.errors import is_passing
from monoservices.files.formulas import escape_formula, original


class Command(BaseCommand):
    help = (
        "Creates and updates products, by SKU, from a file in UTF-8: CSV whose first line names "
        "the columns, JSON Lines with the same names, or Shopify's product CSV. "
        f"Columns: {', '.join(COLUMNS)}; {', '.join(REQUIRED)} are required, and others are "
        "ignored. What the file does not say stays unchanged. A row that is not valid is refused "
        "with its line and the reason; the other rows are imported, and the exit status is 1. "
        "Importing the same file again changes nothing, which is how to resume an interrupted "
        "import."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path)
        parser.add_argument(
            "--dry-run", action="store_true", help="show what would happen, and change nothing"
        )
        parser.add_argument(
            "--map",
            metavar="NAME=COLUMN",
            action="append",
            default=[],
            help="read NAME, such as sku, from the file's COLUMN; can be repeated",
        )
        parser.add_argument(
            "--rejects",
            metavar="FILE",
            type=Path,
            help="write the refused rows to this file, as CSV: line, reason, and their columns",
        )

    def handle(
        self,
        *,
        file: Path,
        dry_run: bool,
        rejects: Path | None,
        map: list[str],  # noqa: A002 - as the option is called
        **options: Any,
    ) -> None:
        try:
            counts = self._import(file, parse_mapping(map), dry_run=dry_run, rejects=rejects)
        except OSError as error:
            raise CommandError(f"{error.filename}: {error.strerror}.") from error
        except UnusableFile as error:
            raise CommandError(f"{file}: {error}") from error
        except Error as error:
            if not is_passing(error):
                raise
            raise CommandError(
                f"The database failed: {error} Rows imported so far stay; run the command again."
            ) from error
        summary = ", ".join(f"{counts[result]} {result}" for result in Result)
        self.stdout.write(f"{'Dry run: ' if dry_run else ''}{summary}.")
        if counts[Result.REFUSED]:
            sys.exit(1)

    def _import(
        self, path: Path, mapping: dict[str, str], *, dry_run: bool, rejects: Path | None
    ) -> Counter[Result]:
        with ExitStack() as stack:
            file = stack.enter_context(path.open("rb"))
            products = read_products(file, mapping)
            outcomes: Iterable[Outcome] = import_products(products, dry_run=dry_run)
            if rejects is not None:
                if rejects.exists() and rejects.samefile(path):
                    raise CommandError("--rejects would overwrite the file to import.")
                sink = stack.enter_context(rejects.open("w", encoding="utf-8", newline=""))
                outcomes = _write_rejects(outcomes, products.header, csv.writer(sink))
            return self._count(outcomes, file)

    def _count(self, outcomes: Iterable[Outcome], file: io.BufferedReader) -> Counter[Result]:
        counts: Counter[Result] = Counter()
        begin = monotonic()
        # A pipe has no size, so that there is no share of it to show. disable=None: no bar unless
        # standard error is a terminal.
        size = Path(file.name).stat().st_size
        unit = "B" if size else " rows"
        with tqdm(total=size or None, unit=unit, unit_scale=True, disable=None) as bar:
            for outcome in outcomes:
                counts[outcome.result] += 1
                if outcome.result is Result.REFUSED:
                    with tqdm.external_write_mode(sys.stderr):
                        self.stderr.write(f"line {outcome.row.line}: {outcome.reason}")
                bar.update(file.tell() - bar.n if size else 1)
                reset_queries()  # DEBUG would keep them all
        rows, seconds = counts.total(), monotonic() - begin
        self.stderr.write(f"{rows:,} rows in {seconds:.1f} s: {rows / seconds:,.0f} rows a second.")
        return counts


def _write_rejects(
    outcomes: Iterable[Outcome], header: list[str], rejects: Any
) -> Iterator[Outcome]:
    """Write the refused rows to `rejects`, a csv.writer, and yield all outcomes."""
    rejects.writerow(["line", "reason", *map(escape_formula, header)])
    for outcome in outcomes:
        if outcome.result is Result.REFUSED:
            row = outcome.row
            if row.cells is None:  # the file has no columns
                cells = [str(row.fields.get(name, "")) for name in header]
            else:
                cells = [original(cell) for cell in row.cells]
            rejects.writerow([row.line, outcome.reason, *map(escape_formula, cells)])
        yield outcome
