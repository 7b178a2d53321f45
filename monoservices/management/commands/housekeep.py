"""`manage.py housekeep`: do what no request waits for."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from monoservices.housekeeping.chores import Chore, chore_paths
from monoservices.housekeeping.housekeeper import Housekeeper
from monoservices.metrics.publishing import publishing


class Command(BaseCommand):
    help = (
        "Does every second what no request waits for, until SIGTERM or SIGINT. `serve` starts one "
        "beside its workers. Several share the work."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="do what is due now, and end")
        parser.add_argument(
            "--parent", type=int, help="end when this process, which started it, has ended"
        )

    def handle(self, *, once: bool, parent: int | None, **options: Any) -> None:
        housekeeper = Housekeeper([Chore(path) for path in chore_paths()], parent=parent)
        with publishing():
            if not once:
                housekeeper.run()
            elif not housekeeper.run_once():
                raise CommandError("A chore fails. The log says why.")
