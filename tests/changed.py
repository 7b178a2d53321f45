"""Which tests belong to what changed: for a quick answer before the whole suite gives the full one.

A service's tests run when the service changed, or a service that it depends on; a wing's tests when
something in its folder of `monoservices` changed; a test file when it changed itself.
"""

import subprocess
from collections.abc import Iterable
from pathlib import Path

from django.apps import AppConfig

from monoservices.services.config import ServiceConfig

ROOT = Path(__file__).resolve().parent.parent


def changed_files() -> list[str]:
    """The files that differ from the last commit, those that git does not track yet included."""
    tracked = _git("diff", "--name-only", "HEAD")
    return sorted({*tracked, *_git("ls-files", "--others", "--exclude-standard")})


def select_tests(files: Iterable[str]) -> list[str]:
    """The folders and files with the tests of `files`, which are paths below the root."""
    found = set[str]()
    for path in map(Path, files):
        match path.parts:
            case ("apps", service, *_):
                found |= {f"apps/{each}/tests" for each in _with_dependents(service)}
            case ("monoservices", "tests", *_) | ("tests", *_) if path.name.startswith("test_"):
                found.add(str(path))
            case ("monoservices", wing, _, *_):
                found.add(f"monoservices/tests/{wing}")
            case ("benchmarks" | "faults" as package, *_):
                found.add(f"{package}/tests")
    return sorted(each for each in found if (ROOT / each).exists())


def _with_dependents(service: str) -> set[str]:
    """The service and all that depend on it, directly or not."""
    names = [path.parent.name for path in ROOT.glob("apps/*/apps.py")]
    configs = {name: AppConfig.create(f"apps.{name}") for name in names}
    found = {service} & configs.keys()
    while True:
        more = {
            name
            for name, config in configs.items()
            if isinstance(config, ServiceConfig) and found & {*config.depends_on}
        }
        if more <= found:
            return found
        found |= more


def _git(*arguments: str) -> list[str]:
    command = ["git", *arguments]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return run.stdout.splitlines()
