"""`manage.py restore FILE`: restore a backup into an empty database."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import get_commands
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from monoservices.database.backups import restore
from monoservices.database.copying import BackupError
from monoservices.management.stopping import cleaning_up


class Command(BaseCommand):
    help = (
        "Restores a backup, which `backup` has written, into the database that DATABASE_URL names. "
        "The database must be empty, and stays empty if this fails."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")

    def handle(self, *, file: Path, **options: Any) -> None:
        try:
            with cleaning_up():
                restore(file)
        except (BackupError, DatabaseError, OSError) as error:
            raise CommandError(f"The restore failed: {error}") from error
        steps = [name for name in ("migrate", "reconcile") if name in get_commands()]
        self.stderr.write(
            f"Restored {file}. Now run: " + ", ".join(f"manage.py {step}" for step in steps)
        )
