"""The guard in tests: a statement that crosses a boundary fails its test."""

from collections.abc import Iterator

import pytest

from monoservices.boundaries.guard.judging import BoundaryViolation
from monoservices.boundaries.guard.watching import Guard


class SeenViolations:
    """The violations that the guard reported and no test has taken.

    Each is raised at once and also kept, because the code under test may swallow the exception or
    run in another thread.
    """

    def __init__(self) -> None:
        self._seen: list[BoundaryViolation] = []

    def report(self, violation: BoundaryViolation) -> None:
        self._seen.append(violation)
        raise violation

    def take(self) -> list[BoundaryViolation]:
        """All violations in order. A test that expects violations takes them, and does not fail."""
        seen, self._seen = self._seen, []
        return seen


@pytest.fixture(scope="session", autouse=True)
def guarded_connections() -> Iterator[SeenViolations]:
    """The guard watches every connection of the test run."""
    seen = SeenViolations()
    guard = Guard(seen.report)
    guard.start()
    yield seen
    guard.stop()


@pytest.fixture(autouse=True)
def boundary_guard(guarded_connections: SeenViolations) -> Iterator[SeenViolations]:
    """Fail the test if a statement crosses a boundary, in the test or in its fixtures."""
    yield guarded_connections
    if seen := guarded_connections.take():
        pytest.fail("\n".join(map(str, seen)), pytrace=False)
