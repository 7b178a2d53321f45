"""`manage.py boundaries_baseline`: write the baseline once; after that, only shrink it."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from monoservices.boundaries import baseline
from monoservices.boundaries.checking import find_violations


class Command(BaseCommand):
    help = (
        "Write the current violations to the file that BOUNDARIES_BASELINE names, if the file does"
        " not exist. If it exists, remove the entries that no longer occur, and add nothing."
    )
    requires_system_checks = ()  # they fail while the baseline is out of date

    def handle(self, **options: Any) -> None:
        path = baseline.baseline_path()
        if path is None:
            raise CommandError("BOUNDARIES_BASELINE is not set. Set it to the path of the file.")
        found = find_violations()
        if not path.exists():
            baseline.write(path, (baseline.entry_of(each, path) for each in found))
            self.stdout.write(f"Known violations: {len(found)}.")
            return
        known = baseline.read(path)
        new, gone = baseline.compare(found, known, path)
        kept = [entry for line, entry in enumerate(known, start=1) if line not in gone]
        baseline.write(path, kept)
        self.stdout.write(f"Known violations: {len(kept)}; removed: {len(gone)}.")
        if new:
            self.stdout.write(f"New violations: {len(new)}. Run manage.py check to see them.")
