"""`manage.py startservice`: write a service that works, with its own tests."""

import keyword
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from monoservices.scaffold.dependencies import DependencyRefused, dependencies
from monoservices.scaffold.naming import NameRefused, names
from monoservices.scaffold.steps import next_steps
from monoservices.scaffold.writing import tidy, write


class Command(BaseCommand):
    help = (
        "Writes a service that works: a model, an operation, routes with scopes, a staff page, "
        "a communication module and tests. Prints the line to add to the settings."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="of the service, such as payments: a plural, as a rule")
        parser.add_argument(
            "--depends-on",
            nargs="+",
            action="extend",
            default=[],
            metavar="SERVICE",
            help="the services that it may reach",
        )
        parser.add_argument(
            "--model", help="of its first model, such as Payment; default: the singular of NAME"
        )
        parser.add_argument(
            "--directory", help="where to put it; default: apps/ where there is one, else here"
        )

    def handle(self, *, name: str, **options: Any) -> None:
        place = _place(options["directory"])
        try:
            chosen = names(name, parent=".".join(place.parts), model=options["model"])
            crossings = dependencies(options["depends_on"])
            target = write(chosen, crossings, directory=Path.cwd() / place)
        except (NameRefused, DependencyRefused, OSError) as error:
            raise CommandError(str(error)) from error
        tidy(target)
        self.stdout.write(next_steps(chosen, at=target.relative_to(Path.cwd())))


def _place(directory: str | None) -> Path:
    """The directory, relative to the current one. Raises CommandError where it cannot be."""
    if directory is None:
        return Path("apps") if Path("apps").is_dir() else Path()
    place = Path(directory)
    if not all(part.isidentifier() and not keyword.iskeyword(part) for part in place.parts):
        raise CommandError(
            f"{directory!r} is no package below the current directory, where manage.py is."
        )
    if not place.is_dir():
        raise CommandError(f"There is no directory {directory!r}.")
    return place
