"""`manage.py backup DIRECTORY`: write a backup of the database while the shop runs."""

from argparse import ArgumentParser, ArgumentTypeError
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from monoservices.database.backups import back_up
from monoservices.database.copying import BackupError
from monoservices.management.stopping import cleaning_up

MAX_KEPT = 10_000


def kept(text: str) -> int:
    """For argparse: how many backups to keep. Raises ArgumentTypeError."""
    if text.isascii() and text.isdecimal() and 1 <= int(text[:9]) <= MAX_KEPT:
        return int(text)
    raise ArgumentTypeError(f"expected a whole number from 1 to {MAX_KEPT}, not {text!r}")


class Command(BaseCommand):
    help = (
        "Writes a complete backup of the database into a dated file in DIRECTORY, while the shop "
        "runs, and prints the path of the file."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "directory", type=Path, metavar="DIRECTORY", help="which must exist; one for each shop"
        )
        parser.add_argument(
            "--keep",
            type=kept,
            metavar="N",
            help="afterwards remove the oldest backups in DIRECTORY beyond N; default: remove none",
        )

    def handle(self, *, directory: Path, keep: int | None, **options: Any) -> None:
        try:
            with cleaning_up():
                file = back_up(directory, keep=keep)
        except (BackupError, DatabaseError, OSError) as error:
            raise CommandError(f"The backup failed: {error}") from error
        self.stdout.write(str(file))
