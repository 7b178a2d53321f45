"""What is made once for all tests of starting: a wheel, and an installation of it."""

from pathlib import Path

import pytest

from tests.starting.copies import RELEASE, Directory, copy_of_this_project

COMMIT = (
    "git -c user.name=Tests -c user.email=tests@example.com -c commit.gpgsign=false"
    " -c core.hooksPath=/dev/null commit --quiet --message 'As it is'"
)


@pytest.fixture(scope="session")
def released(tmp_path_factory: pytest.TempPathFactory) -> Directory:
    """A repository with one commit of this project as it is, and its release in `dist/`."""
    project = copy_of_this_project(tmp_path_factory.mktemp("released"))
    project.run("git init --quiet && git add . && " + COMMIT)
    project.run(RELEASE)
    return project


@pytest.fixture(scope="session")
def wheel(released: Directory) -> Path:
    """The wheel of `monoservices`, as it is released."""
    (built,) = (released.path / "dist").glob("*.whl")
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
