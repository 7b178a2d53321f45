"""`manage.py import_products FILE`: create and update products from a CSV file."""

import csv
import sys
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError

from apps.products.exceptions import UnusableFile
from apps.products.operations import Outcome, Result, import_products
from apps.products.reading import CsvFile, refuse_other_encodings


class Command(BaseCommand):
    help = (
        "Creates and updates products from a CSV file in UTF-8, by SKU. Its first line names the "
        "columns, in any order: sku, name and price, maybe description and stock_quantity; others "
        "are ignored. Where there is no stock_quantity, the stock stays as it is. A row that "
        "cannot be taken is refused with its line and the reason, and the exit status is 1; the "
        "other rows are imported. Importing the same file again changes nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path)
        parser.add_argument(
            "--dry-run", action="store_true", help="say what would happen, and change nothing"
        )
        parser.add_argument(
            "--rejects",
            metavar="FILE",
            type=Path,
            help="write the refused rows to this file, as CSV: line, reason, and their columns",
        )

    def handle(self, *, file: Path, dry_run: bool, rejects: Path | None, **options: Any) -> None:
        try:
            counts = self._import(file, dry_run=dry_run, rejects=rejects)
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

    def _import(self, path: Path, *, dry_run: bool, rejects: Path | None) -> Counter[Result]:
        refuse_other_encodings(path)
        with ExitStack() as stack:
            file = stack.enter_context(path.open(encoding="utf-8-sig", newline=""))
            products = CsvFile(file)
            outcomes: Iterable[Outcome] = import_products(products, dry_run=dry_run)
            if rejects is not None:
                if rejects.exists() and rejects.samefile(path):
                    raise CommandError("--rejects would overwrite the file that is imported.")
                sink = stack.enter_context(rejects.open("w", encoding="utf-8", newline=""))
                outcomes = _write_rejects(outcomes, products.header, csv.writer(sink))
            counts: Counter[Result] = Counter()
            for outcome in outcomes:
                counts[outcome.result] += 1
                if outcome.result is Result.REFUSED:
                    self.stderr.write(f"line {outcome.row.line}: {outcome.reason}")
            return counts


def _write_rejects(
    outcomes: Iterable[Outcome], header: list[str], rejects: Any
) -> Iterator[Outcome]:
    """Write the refused rows to `rejects`, a csv.writer, and hand on all."""
    rejects.writerow(["line", "reason", *header])
    for outcome in outcomes:
        if outcome.result is Result.REFUSED:
            rejects.writerow([outcome.row.line, outcome.reason, *outcome.row.cells])
        yield outcome
