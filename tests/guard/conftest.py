"""What the tests of the guard share."""

from collections.abc import Callable

import pytest

from monoservices.boundaries.guard.judging import BoundaryViolation
from monoservices.testing import SeenViolations


@pytest.fixture
def refused(boundary_guard: SeenViolations) -> Callable[..., str]:
    """A function that calls another, in which `service` reaches `other`; what was wrong with it."""

    def call(
        function: Callable[[], object], *, service: str = "orders", other: str = "products"
    ) -> str:
        with pytest.raises(BoundaryViolation) as caught:
            function()
        assert boundary_guard.take() == [caught.value]
        assert (caught.value.service, caught.value.other) == (service, other)
        return caught.value.what

    return call
