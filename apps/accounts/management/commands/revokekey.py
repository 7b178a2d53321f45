"""`manage.py revokekey ID_OR_PREFIX`: revoke an API key."""

import re
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.accounts import operations
from apps.accounts.exceptions import AccountsError
from apps.accounts.models import ApiKey


class Command(BaseCommand):
    help = "Revokes an API key for good: its next request gets a 401."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "key", metavar="ID_OR_PREFIX", help="its id, or its first 8 characters (see listkeys)"
        )

    def handle(self, *, key: str, **options: Any) -> None:
        try:
            revoked = operations.revoke_key(key_id=_key_id(key))
        except AccountsError as error:
            raise CommandError(str(error)) from error
        self.stderr.write(f"Key {revoked.id} of {revoked.client} is revoked.", self.style.SUCCESS)


def _key_id(id_or_prefix: str) -> int:
    """The id of the key. Raises CommandError if no key matches, or several do."""
    if re.fullmatch(r"[0-9]{1,18}", id_or_prefix):
        return int(id_or_prefix)
    prefix = id_or_prefix.removesuffix("…")  # as listkeys shows it
    ids = list(ApiKey.objects.filter(prefix=prefix).order_by("id").values_list("id", flat=True))
    match ids:
        case [key_id]:
            return key_id
        case []:
            raise CommandError(f"There is no key that begins with {prefix!r}.")
    raise CommandError(
        f"Several keys begin with {prefix!r}: give one of the ids {', '.join(map(str, ids))}."
    )
