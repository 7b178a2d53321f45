"""`manage.py import_products FILE`: create and update products from a file."""

import csv
import io
import sys
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError, reset_queries

from apps.products.exceptions import UnusableFile
from apps.products.importing.reading import parse_mapping, read_products
from apps.products.operations import Outcome, Result, import_products
from monoservices.files.formulas import escape_formula, original
from monoservices.files.progress import Progress


class Command(BaseCommand):
    help = (
        "Creates and updates products, by SKU, from a file in UTF-8: CSV whose first line names "
        "the columns, JSON Lines with the same names, or the product CSV of Shopify. Columns: "
        "sku, name and price, maybe description, stock_quantity and is_active; others are ignored. "
        "What is not said stays as it is. A row that cannot be taken is refused with its line and "
        "the reason, and the exit status is 1; the other rows are imported. Importing the same "
        "file again changes nothing, so that an import that broke off is resumed that way."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path)
        parser.add_argument(
            "--dry-run", action="store_true", help="say what would happen, and change nothing"
        )
        parser.add_argument(
            "--map",
            metavar="NAME=COLUMN",
            action="append",
            default=[],
            help="take NAME, such as sku, from the file's COLUMN; can be repeated",
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
        except OperationalError as error:
            raise CommandError(
                f"The database failed: {error} What was imported stays; run the command again."
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
                    raise CommandError("--rejects would overwrite the file that is imported.")
                sink = stack.enter_context(rejects.open("w", encoding="utf-8", newline=""))
                outcomes = _write_rejects(outcomes, products.header, csv.writer(sink))
            return self._count(outcomes, file)

    def _count(self, outcomes: Iterable[Outcome], file: io.BufferedReader) -> Counter[Result]:
        counts: Counter[Result] = Counter()
        size = Path(file.name).stat().st_size
        progress = Progress(size, noun="rows", stream=sys.stderr)
        with progress:
            for outcome in outcomes:
                counts[outcome.result] += 1
                if outcome.result is Result.REFUSED:
                    progress.clear()
                    self.stderr.write(f"line {outcome.row.line}: {outcome.reason}")
                progress.advance(file.tell() if size else 0)
                reset_queries()  # which DEBUG would keep
        self.stderr.write(progress.summary())
        return counts


def _write_rejects(
    outcomes: Iterable[Outcome], header: list[str], rejects: Any
) -> Iterator[Outcome]:
    """Write the refused rows to `rejects`, a csv.writer, and hand on all."""
    rejects.writerow(["line", "reason", *map(escape_formula, header)])
    for outcome in outcomes:
        if outcome.result is Result.REFUSED:
            rejects.writerow([outcome.row.line, outcome.reason, *_cells(outcome, header)])
        yield outcome


def _cells(outcome: Outcome, header: list[str]) -> list[str]:
    """The row as it stood there, or as it was understood where its file has no such columns."""
    row = outcome.row
    if row.cells is not None:
        return [escape_formula(original(cell)) for cell in row.cells]
    return [escape_formula(str(row.fields.get(name, ""))) for name in header]
