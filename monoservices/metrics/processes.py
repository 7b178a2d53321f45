"""The directory in which the worker processes of one server count together.

/metrics sums up what is published there (`monoservices.metrics.sharing`), whichever worker answers.
"""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory

VARIABLE = "METRICS_DIRECTORY"
"""The environment variable that names the directory. Without it, processes count alone."""

logger = logging.getLogger(__name__)


@contextmanager
def counting_together() -> Iterator[None]:
    """Make a directory for the processes that are started in this block; remove it at the end.

    If that fails, each process counts alone, and a warning says so.
    """
    if sys.platform == "win32":  # where one process serves
        yield
        return
    try:
        directory = TemporaryDirectory(prefix="metrics-", ignore_cleanup_errors=True)
    except OSError as error:
        logger.warning("Each worker shows only its own metrics, as this failed: %s", error)
        yield
        return
    before = os.environ.get(VARIABLE)
    with directory as path:
        os.environ[VARIABLE] = path
        try:
            yield
        finally:
            del os.environ[VARIABLE]
            if before is not None:
                os.environ[VARIABLE] = before
