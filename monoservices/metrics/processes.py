"""The directory in which the worker processes of one server count together.

Each worker has files there, named after its process id, and /metrics sums them up, whichever worker
answers. The files of a worker that has died stay, so that what only grows never falls.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
"""By which `prometheus_client` knows, when it is first imported."""


def directory() -> Path | None:
    """The shared directory, or None where this process counts for itself."""
    path = os.environ.get(VARIABLE)
    return Path(path) if path else None


@contextmanager
def counting_together() -> Iterator[Path]:
    """A new directory for the processes that are started here; it is removed at the end."""
    with TemporaryDirectory(prefix="metrics-") as path:
        before = os.environ.get(VARIABLE)
        os.environ[VARIABLE] = path
        try:
            yield Path(path)
        finally:
            del os.environ[VARIABLE]
            if before is not None:
                os.environ[VARIABLE] = before
