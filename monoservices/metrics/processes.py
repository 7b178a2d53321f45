"""The directory in which the worker processes of one server count together.

Each worker writes its own files there, named after its process id. /metrics sums them up, whichever
worker answers. The files of a dead worker stay, so that counters never fall.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
"""The environment variable that `prometheus_client` reads when it is first imported."""


@contextmanager
def counting_together() -> Iterator[Path]:
    """Make a directory for the processes that are started in this block; remove it at the end."""
    with TemporaryDirectory(prefix="metrics-") as path:
        before = os.environ.get(VARIABLE)
        os.environ[VARIABLE] = path
        try:
            yield Path(path)
        finally:
            del os.environ[VARIABLE]
            if before is not None:
                os.environ[VARIABLE] = before
