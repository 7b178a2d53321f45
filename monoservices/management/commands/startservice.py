"""`manage.py startservice`: write a service that works, with its own tests."""

import keyword
import subprocess
import sys
from argparse import ArgumentParser
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.core.management.base import CommandError
from django.core.management.templates import TemplateCommand

from monoservices.scaffold.contents import TEMPLATE, context, unneeded
from monoservices.scaffold.dependencies import DependencyRefused, dependencies
from monoservices.scaffold.naming import NameRefused, names
from monoservices.scaffold.steps import next_steps


class Command(TemplateCommand):
    help = (
        "Writes a service that works: a model, an operation, routes with scopes, a staff page, "
        "a communication module and tests. Prints the line to add to the settings."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="name of the service, usually a plural: payments")
        parser.add_argument(
            "--depends-on",
            nargs="+",
            action="extend",
            default=[],
            metavar="SERVICE",
            help="the services that it may reach",
        )
        parser.add_argument(
            "--model", help="name of its first model; default: the singular of NAME, as Payment"
        )
        parser.add_argument(
            "--directory", help="where to put it; default: apps/ if there is one, else here"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        parent = _parent(options["directory"])
        try:
            chosen = names(options["name"], parent=".".join(parent.parts), model=options["model"])
            crossings = dependencies(options["depends_on"])
            target = Path.cwd() / parent / chosen.label
            variables = context(chosen, crossings)
            self._write(target, verbosity=options["verbosity"], **variables)
        except (NameRefused, DependencyRefused, OSError) as error:
            raise CommandError(str(error)) from error
        _tidy(target)
        self.stdout.write(next_steps(chosen, at=parent / chosen.label))

    def validate_name(self, name: str | None, name_or_dir: str = "name") -> None:
        """Accept what `names` has accepted: within a package, `calendar` is a good name."""

    def _write(self, target: Path, **variables: Any) -> None:
        """Render the template into `target`: all files or none. Raises OSError.

        The files are written into a directory next to it, which is then renamed.
        """
        with TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent) as beside:
            made = Path(beside, target.name)
            made.mkdir()
            own = {"template": str(TEMPLATE), "extensions": ["py"], "files": []}
            super().handle("app", target.name, str(made), **own, **variables)
            for name in unneeded(variables["dependencies"]):
                (made / name).unlink()
            if target.exists():
                raise FileExistsError(f"{target} exists already.")
            made.rename(target)


def _parent(directory: str | None) -> Path:
    """The directory for the service, relative to the current one. Raises CommandError."""
    if directory is None:
        return Path("apps") if Path("apps").is_dir() else Path()
    parent = Path(directory)
    if not all(part.isidentifier() and not keyword.iskeyword(part) for part in parent.parts):
        raise CommandError(
            f"{directory!r} is no package below the current directory, where manage.py is."
        )
    if not parent.is_dir():
        raise CommandError(f"There is no directory {directory!r}.")
    return parent


def _tidy(target: Path) -> None:
    """Sort imports and format with ruff if it is installed, as `startapp` does with black."""
    if find_spec("ruff") is None:
        return
    ruff = [sys.executable, "-m", "ruff"]
    for command in (["check", "--quiet", "--select", "I", "--fix"], ["format", "--quiet"]):
        subprocess.run([*ruff, *command, str(target)], check=False)  # noqa: S603 - our own
