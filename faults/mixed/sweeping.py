"""The greatest value that was known at a time."""

from bisect import bisect_left
from collections.abc import Iterable
from itertools import accumulate
from typing import Any


class Latest:
    """Answers what the greatest of the values is that became known before a time.

    known: pairs of a time and a value.
    """

    def __init__(self, known: Iterable[tuple[float, Any]]) -> None:
        ordered = sorted(known, key=lambda pair: pair[0])
        self._times = [time for time, _ in ordered]
        self._greatest = list(accumulate((value for _, value in ordered), max))

    def before(self, time: float) -> Any:
        """The greatest value that became known before this time, or None."""
        index = bisect_left(self._times, time)
        return self._greatest[index - 1] if index else None
