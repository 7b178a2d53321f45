"""The files of a new service, from templates in `service_template/`: all of them or none."""

import subprocess
import sys
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.apps import apps
from django.conf import settings
from django.template import Context, Engine

from monoservices.scaffold.dependencies import Dependency
from monoservices.scaffold.naming import Names
from monoservices.services.ownership import COMMUNICATION

TEMPLATES = Path(__file__).resolve().parent.parent / "service_template"
SUFFIX = "-tpl"


def write(names: Names, dependencies: list[Dependency], *, directory: Path) -> Path:
    """Write the package of a service into a directory, and return where it is.

    Its files appear at once: they are made beside it, and renamed. Raises OSError where that fails,
    such as when something of that name is there; then nothing is left behind.
    """
    target = directory / names.label
    with TemporaryDirectory(prefix=f".{names.label}-", dir=directory) as beside:
        made = Path(beside, names.label)
        for name, text in _files(names, dependencies):
            file = made / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        if target.exists():
            raise FileExistsError(f"{target} exists already.")
        made.rename(target)
    return target


def tidy(target: Path) -> None:
    """Format with ruff where it is installed, as Django's `startapp` does with black.

    How imports are sorted and lines are broken depends on names and on the project's settings.
    """
    if find_spec("ruff") is None:
        return
    ruff = [sys.executable, "-m", "ruff"]
    for command in (["check", "--quiet", "--select", "I", "--fix"], ["format", "--quiet"]):
        subprocess.run([*ruff, *command, str(target)], check=False)  # noqa: S603 - our own


def _files(names: Names, dependencies: list[Dependency]) -> Iterator[tuple[Path, str]]:
    engine, context = Engine(autoescape=False), Context(_context(names, dependencies))
    for template in sorted(TEMPLATES.rglob(f"*{SUFFIX}")):
        name = template.relative_to(TEMPLATES)
        part = name.name.removesuffix(f".py{SUFFIX}").removeprefix("test_")
        if part in {COMMUNICATION, "communication"} and not dependencies:
            continue
        if part == "admin" and not apps.is_installed("django.contrib.admin"):
            continue
        text = engine.from_string(template.read_text()).render(context)
        yield name.with_name(name.name.removesuffix(SUFFIX)), text


def _context(names: Names, dependencies: list[Dependency]) -> Mapping[str, Any]:
    *others, last = [each.label for each in dependencies] or [""]
    thing, things = names.singular.replace("_", " "), names.plural.replace("_", " ")
    big = "django.db.models.BigAutoField"
    return {
        **vars(names),
        "asked": f"{', '.join(others)} and {last}" if others else last,
        "config": f"{''.join(part.capitalize() for part in names.label.split('_'))}Config",
        "constraint": f"{names.label}_{names.singular}_named"[:63],
        "default_auto_field": "" if big == settings.DEFAULT_AUTO_FIELD else big,
        "dependencies": dependencies,
        "errors": f"{''.join(part.capitalize() for part in names.label.split('_'))}Error",
        "functions": sorted(each.function for each in dependencies),
        "model_name": names.model.lower(),
        "path": names.label.replace("_", "-"),
        "thing": thing,
        "things": things,
        "url_name": names.singular.replace("_", "-"),
        "uuid": any(each.key_type == "UUID" for each in dependencies),
        "verbose_name_plural": "" if things == f"{thing}s" else things,
    }
