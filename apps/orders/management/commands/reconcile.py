"""`manage.py reconcile`: check that the books balance."""

import sys
from argparse import ArgumentParser
from itertools import chain
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from apps.orders.books.audit import Discrepancy, audit
from apps.orders.books.repair import repair
from monoservices.database.engines import engine
from monoservices.services.audits import audit_services


class Command(BaseCommand):
    help = (
        "Checks the books in one snapshot, without blocking anybody: stock equals the sum of its "
        "movements; an order's movements match its lines; totals are the sums of lines and "
        "charges; every history is legal; no row is orphaned; and what else the services check of "
        "their own tables. Prints each error on a line; the exit status is 1 if there are any."
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
                self._repair(found)
                found = self._check()
        except DatabaseError as error:
            raise CommandError(f"The database failed: {error}") from error
        if found:
            sys.exit(1)

    def _check(self) -> list[Discrepancy]:
        found = []
        with engine().consistent_snapshot(may_take_long=True, of_whole_tables=True):
            others = (Discrepancy(text) for text in audit_services())
            for discrepancy in chain(audit(), others):
                self.stdout.write(discrepancy.text)
                found.append(discrepancy)
        noun = "discrepancy" if len(found) == 1 else "discrepancies"
        self.stdout.write(f"{len(found)} {noun}." if found else "The books are right.")
        return found

    def _repair(self, found: list[Discrepancy]) -> None:
        for line in repair(found):
            self.stdout.write(line)
