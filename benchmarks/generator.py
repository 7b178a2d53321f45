"""Load an HTTP server with wrk, or with Python where wrk is not installed."""

import shutil

from benchmarks.load import LoadResult, Request
from benchmarks.python_load import PYTHON, apply_python_load
from benchmarks.wrk import WRK, apply_wrk, wrk_version


def apply_load(
    port: int, request: Request, *, connections: int, seconds: float, seed: int
) -> LoadResult:
    """Load the server on 127.0.0.1. Each connection sends its next request after a response.

    Raises BenchmarkError if wrk fails.
    """
    apply = apply_wrk if shutil.which(WRK) else apply_python_load
    return apply(port, request, connections=connections, seconds=seconds, seed=seed)


def generator_version() -> str:
    """The generator that `apply_load` uses, with its version."""
    return wrk_version() if shutil.which(WRK) else PYTHON
