"""`manage.py createkey NAME [--scope S]…`: issue an API key and print it."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.accounts import operations
from apps.accounts.exceptions import AccountsError
from apps.accounts.scopes import default_scopes, known_scopes


class Command(BaseCommand):
    help = (
        "Issues an API key for the client NAME, which is created if it does not exist. "
        "Prints only the key to standard output. The key cannot be shown again."
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
