"""`manage.py reconcile`: check that the books of all services balance."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from monoservices.database.engines import engine
from monoservices.services.books import Found, audit_all, repair_all


class Command(BaseCommand):
    help = (
        "Checks the books of all services in one snapshot, without blocking anybody: stock equals "
        "the sum of its movements; an order's movements match its lines; totals are the sums of "
        "lines and charges; what is paid is the sum of payments; every history is legal; no row is "
        "orphaned. Prints each error on a line; the exit status is 1 if there are any."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--repair",
            action="store_true",
            help=(
                "write correcting movements, under locks, for orders whose movements do not "
                "match their lines and for stock that is not the sum of its movements; then "
                "check again. Errors that movements cannot correct remain"
            ),
        )

    def handle(self, *, repair: bool, **options: Any) -> None:
        try:
            found = self._check()
            if found and repair:
                for line in repair_all(found):
                    self.stdout.write(line)
                found = self._check()
        except DatabaseError as error:
            raise CommandError(f"The database failed: {error}") from error
        if found:
            sys.exit(1)

    def _check(self) -> list[Found]:
        found = []
        with engine().consistent_snapshot(may_take_long=True, of_whole_tables=True):
            for each in audit_all():
                self.stdout.write(str(each.discrepancy))
                found.append(each)
        noun = "discrepancy" if len(found) == 1 else "discrepancies"
        self.stdout.write(f"{len(found)} {noun}." if found else "The books are right.")
        return found
