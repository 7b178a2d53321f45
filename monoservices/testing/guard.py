"""The guard in tests: what goes over a boundary fails the test in which it does."""

from collections.abc import Iterator

import pytest

from monoservices.boundaries.guard.watching import BoundaryViolation, Guard


class SeenViolations:
    """What the guard has seen and nobody has taken: raised where it happens, and kept.

    Kept, because the code under test may swallow what is raised, or run in another thread.
    """

    def __init__(self) -> None:
        self._seen: list[BoundaryViolation] = []

    def report(self, violation: BoundaryViolation) -> None:
        self._seen.append(violation)
        raise violation

    def take(self) -> list[BoundaryViolation]:
        """All of them, in their order. A test that expects them takes them, and does not fail."""
        seen, self._seen = self._seen, []
        return seen


@pytest.fixture(scope="session", autouse=True)
def guarded_connections() -> Iterator[SeenViolations]:
    """Have the guard look at every connection of the run."""
    seen = SeenViolations()
    guard = Guard(seen.report)
    guard.start()
    yield seen
    guard.stop()


@pytest.fixture(autouse=True)
def boundary_guard(guarded_connections: SeenViolations) -> Iterator[SeenViolations]:
    """Fail the test if a statement goes over a boundary while it runs, fixtures included."""
    yield guarded_connections
    if seen := guarded_connections.take():
        pytest.fail("\n".join(map(str, seen)), pytrace=False)
