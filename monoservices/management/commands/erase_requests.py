"""`manage.py erase_requests --older-than DAYS`: erase stored requests with their answers."""

from argparse import ArgumentParser, ArgumentTypeError
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from monoservices.database.stored_requests import erase_requests, tables_of_requests

MAX_DAYS = 36_500


def days(text: str) -> int:
    """For argparse: a number of days. Raises ArgumentTypeError."""
    if text.isascii() and text.isdecimal() and 1 <= int(text[:9]) <= MAX_DAYS:
        return int(text)
    raise ArgumentTypeError(f"expected a whole number from 1 to {MAX_DAYS}, not {text!r}")


class Command(BaseCommand):
    help = (
        "Erases the stored requests that are older than DAYS days, with their answers. A request"
        " that is sent again with an erased Idempotency-Key is carried out again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--older-than",
            type=days,
            required=True,
            metavar="DAYS",
            help="choose more days than a client may take to send a request again",
        )

    def handle(self, *, older_than: int, **options: Any) -> None:
        before = timezone.now() - timedelta(days=older_than)
        for table in tables_of_requests():
            erased = erase_requests(table, before=before)
            self.stdout.write(f"{table._meta.label}: {erased} requests erased.")
