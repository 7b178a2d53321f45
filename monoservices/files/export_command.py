"""`ExportCommand`: a management command that writes rows to standard output."""

import io
import os
import sys
from argparse import ArgumentParser
from contextlib import closing
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from monoservices.database.engines import engine
from monoservices.files.exporting import Format, Pieces


class ExportCommand(BaseCommand):
    """Writes what `pieces` yields, from one snapshot of the database, without blocking anybody."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--format",
            choices=[each.value for each in Format],
            default=Format.CSV.value,
            help="csv (the default), or jsonl for JSON Lines",
        )

    def pieces(self, file_format: Format) -> Pieces:
        """Yield the export in UTF-8, as `export_pieces` does."""
        raise NotImplementedError

    def handle(self, **options: Any) -> None:
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(encoding="utf-8")
        try:
            with (
                engine().consistent_snapshot(may_take_long=True),
                closing(self.pieces(Format(options["format"]))) as pieces,
            ):
                for piece in pieces:
                    self.stdout.write(piece.decode(), ending="")
            self.stdout.flush()
        except DatabaseError as error:
            raise CommandError(f"The database failed: {error}") from error
        except BrokenPipeError:  # the reader, such as `head`, has left
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(1)
