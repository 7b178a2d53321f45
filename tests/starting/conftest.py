"""What is made once for all tests of starting: a wheel, and an installation of it."""

from pathlib import Path

import pytest

from tests.starting.copies import Directory, copy_of_this_project


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of `monoservices`, as `make wheel` builds it."""
    source = copy_of_this_project(
        tmp_path_factory.mktemp("source"), "Makefile", "LICENSE", "packaging", "monoservices"
    )
    source.run("make --no-print-directory -o install-dev wheel")
    (built,) = (source.path / "dist").glob("*.whl")
    return built


@pytest.fixture(scope="session")
def site(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory for PYTHONPATH with the wheel installed, and nothing else."""
    home = Directory(tmp_path_factory.mktemp("site"))
    home.run(
        ".venv/bin/python -m uv pip install --quiet --no-config --offline --no-deps "
        f"--target monoservices-only {wheel}"
    )
    return home.path / "monoservices-only"
