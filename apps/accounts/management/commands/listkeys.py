"""`manage.py listkeys`: a table of all API keys."""

from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand

from apps.accounts.models import ApiKey

HEADINGS = ("ID", "CLIENT", "KEY", "SCOPES", "CREATED", "LAST USED", "REVOKED")


class Command(BaseCommand):
    help = "Lists all API keys, revoked ones included. Times are UTC."

    def handle(self, **options: Any) -> None:
        keys = ApiKey.objects.select_related("client").order_by("id")
        rows = [HEADINGS, *(_row(key) for key in keys)]
        widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
        for row in rows:
            cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
            self.stdout.write("  ".join(cells).rstrip())


def _row(key: ApiKey) -> tuple[str, ...]:
    return (
        str(key.id),
        key.client.name,
        str(key),
        " ".join(key.scopes) or "-",
        _minute(key.created_at),
        _minute(key.last_used_at),
        _minute(key.revoked_at),
    )


def _minute(moment: datetime | None) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M") if moment else "-"
