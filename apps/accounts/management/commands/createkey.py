"""`manage.py createkey NAME [--scope S]…`: make an API key and print it."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.accounts import operations
from apps.accounts.exceptions import AccountsError
from apps.accounts.scopes import default_scopes, known_scopes


class Command(BaseCommand):
    help = (
        "Makes an API key for the client NAME, and the client where there is none of that name. "
        "The key alone goes to standard output; it is shown this once and cannot be read again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", metavar="NAME", help="the client: who will hold the key")
        parser.add_argument(
            "--scope",
            action="append",
            dest="scopes",
            metavar="S",
            help=(
                "what the key may do; repeat it for several. "
                f"One of: {', '.join(known_scopes())}. Without it: {', '.join(default_scopes())}"
            ),
        )

    def handle(self, *, name: str, scopes: list[str] | None, **options: Any) -> None:
        try:
            issued = operations.issue_key(client_name=name, scopes=scopes)
        except AccountsError as error:
            raise CommandError(str(error)) from error
        key = issued.key
        summary = f"Key {key.id} for {key.client}: {', '.join(key.scopes)}"
        self.stderr.write(summary, self.style.SUCCESS)
        self.stdout.write(issued.secret)
