"""Chores: functions that the housekeeper calls, and what became of them.

A service names them in `ServiceConfig.chores`:

    def sweep_expired_holds(*, limit: int) -> int:
        \"\"\"Do at most `limit` units of what is due. Return how many were done.\"\"\"

A chore owns its transactions. Several housekeepers, on several machines, may call it at the same
time, and any of them may be killed: it takes what nobody else has (`SKIP LOCKED`), and what it has
not committed is done again. Who returns `limit` units is called again at once.
"""

import logging
import time
from collections.abc import Callable

from django.core.exceptions import ImproperlyConfigured
from django.db import close_old_connections, connections
from django.utils.module_loading import import_string

from monoservices.metrics.declaring import Counter, Gauge
from monoservices.services.config import served_services

LIMIT = 500
"""How many units a call may do, so that its transaction is short."""
SECONDS = 1.0
"""After which a chore that was done is due again."""

LAG = Gauge(
    "monoservices_housekeeping_lag_seconds",
    "For how long a chore has been due and is not done yet, because it fails or has too much to "
    "do.",
    labels=("chore",),
)
RUNS = Counter(
    "monoservices_housekeeping_runs_total",
    "Calls of chores, by their outcome: done, or failed.",
    labels=("chore", "outcome"),
)
UNITS = Counter(
    "monoservices_housekeeping_units_total", "Units of work that chores did.", labels=("chore",)
)

logger = logging.getLogger(__name__)

Clock = Callable[[], float]


class Chore:
    """A chore and its times. path: of the function."""

    def __init__(self, path: str, *, clock: Clock = time.monotonic) -> None:
        self.name = path.rpartition(".")[2]
        self._function: Callable[..., int] = import_string(path)
        self._clock = clock
        self._due_since = clock()
        self._next = self._due_since
        self._failing: type[Exception] | None = None
        LAG.watch(self, Chore.lag, self.name)

    def lag(self) -> float:
        """For how many seconds it has been due and was not done."""
        return max(0.0, self._clock() - self._due_since)

    def seconds_left(self) -> float:
        """Until it is called next."""
        return max(0.0, self._next - self._clock())

    def run(self) -> bool:
        """Call it. Return whether that worked; an exception is logged, and nothing else."""
        close_old_connections()
        try:
            units = self._function(limit=LIMIT)
        except Exception as error:
            self._fail(error)
            return False
        RUNS.of(self.name, "done").add()
        UNITS.of(self.name).add(units)
        if self._failing:
            logger.warning("The chore %s works again.", self.name)
            self._failing = None
        self._next = self._clock()
        if units < LIMIT:
            self._next += SECONDS
            self._due_since = self._next
        return True

    def _fail(self, error: Exception) -> None:
        RUNS.of(self.name, "failed").add()
        if not isinstance(error, self._failing or ()):  # once, and not every second
            logger.error(
                "The chore %s fails. It is called again every second.", self.name, exc_info=error
            )
        self._failing = type(error)
        connections.close_all()
        self._next = self._clock() + SECONDS


def chore_paths() -> list[str]:
    """The chores of the services that this process serves.

    Raises ImproperlyConfigured if a service names a function of somebody else.
    """
    paths = []
    for service in served_services():
        for path in service.chores:
            if not path.startswith(f"{service.name}."):
                raise ImproperlyConfigured(f"{service.label} names a chore that is not its: {path}")
            paths.append(path)
    return paths
