"""Small projects, written for one test and installed while it runs."""

import importlib
import sys
from collections.abc import Callable, Iterator, Mapping
from copy import copy
from pathlib import Path
from textwrap import dedent

import pytest
from django.apps import apps
from django.test import override_settings
from pytest_django import Settings

from monoservices.boundaries.checking import find_violations
from monoservices.boundaries.rules import RULES, Violation
from monoservices.services.config import services

Project = Callable[..., list[Violation]]

_FRAMEWORK = ["django.contrib.contenttypes", "monoservices"]


@pytest.fixture
def project(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    settings: Settings,  # so that what a test sets is undone after the apps
) -> Iterator[Project]:
    """A function that installs apps and returns what the rules find in them.

    `project({"sales/apps.py": "…", "sales/models.py": "…"}, "E001")`; without ids, all rules apply.
    Each directory with an `apps.py` is an app, in the order given. The services of this project are
    not installed meanwhile. Paths in violations are relative to the directory of the files.
    """
    installed: list[override_settings] = []
    modules = set(sys.modules)
    models = dict(apps.all_models)
    for each in services():  # a service here may have the label of one of this project
        del apps.all_models[each.label]
    pending = copy(apps._pending_operations)

    def install(files: Mapping[str, str], *ids: str) -> list[Violation]:
        tops = {Path(name).parts[0] for name in files}
        for name in [*sys.modules]:  # another test's package of the same name
            if name.partition(".")[0] in tops and not _is_below(tmp_path, name):
                monkeypatch.delitem(sys.modules, name)
        _write(tmp_path, files)
        names = [str(Path(each).parent) for each in files if Path(each).name == "apps.py"]
        dotted = [each.replace("/", ".") for each in names]
        override = override_settings(INSTALLED_APPS=[*_FRAMEWORK, *dotted])
        override.enable()
        installed.append(override)
        found = find_violations(ids or RULES.keys())
        for each in found:
            assert each.hint
            assert each.service in each.what
            assert each.other in each.what
        return found

    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    yield install
    for override in reversed(installed):
        override.disable()
    for name in set(sys.modules) - modules:
        if _is_below(tmp_path, name):
            del sys.modules[name]
    apps.all_models.clear()
    apps.all_models.update(models)
    apps._pending_operations = pending
    apps.clear_cache()


def _write(directory: Path, files: Mapping[str, str]) -> None:
    """Write files, and make their directories packages."""
    for name, text in files.items():
        file = directory / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dedent(text))
        for parent in file.relative_to(directory).parents[:-1]:
            (directory / parent / "__init__.py").touch()
    importlib.invalidate_caches()


def _is_below(path: Path, module: str) -> bool:
    """Whether an imported module, or a package that is only a directory, is from there."""
    found = sys.modules[module]
    places = [getattr(found, "__file__", None) or "", *getattr(found, "__path__", [])]
    return any(str(place).startswith(str(path)) for place in places)


def service(label: str, *depends_on: str, name: str = "") -> str:
    """The `apps.py` of a service."""
    return f"""
from monoservices.services.config import ServiceConfig


class {label.capitalize()}Config(ServiceConfig):
    name = "{name or label}"
    depends_on = {depends_on!r}
"""
