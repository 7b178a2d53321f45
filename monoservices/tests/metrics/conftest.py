"""A directory in which this process counts together with others."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from monoservices.metrics import publishing
from monoservices.metrics.processes import VARIABLE


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    monkeypatch.setattr(publishing, "_publisher", None)
    yield tmp_path
    if publishing._publisher is not None:
        publishing._publisher.stop()
