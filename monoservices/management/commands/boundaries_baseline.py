"""`manage.py boundaries_baseline`: make violations of boundaries known, once; then only forget."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from monoservices.boundaries.checks import baseline, violations


class Command(BaseCommand):
    help = (
        "Writes the violations that there are into the file that BOUNDARIES_BASELINE names, where "
        "that is not there yet. Where it is, removes what no longer occurs, and adds nothing."
    )
    requires_system_checks: list[str] = []  # they fail while the file is not as it should be

    def handle(self, **options: Any) -> None:
        path = baseline.baseline_path()
        if path is None:
            raise CommandError("BOUNDARIES_BASELINE is not set: it names the file to write.")
        found = violations()
        if not path.exists():
            baseline.write(path, (baseline.entry_of(each, path) for each in found))
            self.stdout.write(f"Known violations: {len(found)}, from now on.")
            return
        known = baseline.read(path)
        new, gone = baseline.compare(found, known, path)
        kept = [entry for line, entry in enumerate(known, start=1) if line not in gone]
        baseline.write(path, kept)
        self.stdout.write(f"Known violations: {len(kept)}; removed: {len(gone)}.")
        if new:
            self.stdout.write(f"Violations that are not known: {len(new)}. See manage.py check.")
