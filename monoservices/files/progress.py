"""A progress bar on standard error, for commands that take their time.

A library would bring colours, nesting and notebooks, and one more dependency to run the server.
"""

import time
from collections.abc import Callable
from types import TracebackType
from typing import Self, TextIO

WIDTH = 30
REDRAW_SECONDS = 0.1


class Progress:
    """A bar that redraws itself, at most ten times a second, where `stream` is a terminal.

    total: how much there is to do, in the units of `done`; 0 where nobody knows. noun: what is
    counted. clock: seconds, as `time.monotonic` gives them.
    Elsewhere than on a terminal nothing is drawn; `rate` is known all the same.
    """

    def __init__(
        self,
        total: int,
        *,
        noun: str,
        stream: TextIO,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.total, self.noun = total, noun
        self.count = 0
        self._done = 0
        self._stream, self._clock = stream, clock
        self._is_terminal = stream.isatty()
        self._begin = clock()
        self._drawn = float("-inf")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: object, trace: TracebackType | None
    ) -> None:
        self.clear()

    def advance(self, done: int, *, count: int = 1) -> None:
        """Say that `count` more are through, and how much of the total that makes."""
        self.count += count
        self._done = done
        if self._is_terminal and self._clock() - self._drawn >= REDRAW_SECONDS:
            self._drawn = self._clock()
            self._stream.write(f"\r\x1b[K{self._line()}")
            self._stream.flush()

    def clear(self) -> None:
        """Make room for a line of other text; the next step draws the bar below it."""
        if self._is_terminal:
            self._drawn = float("-inf")
            self._stream.write("\r\x1b[K")
            self._stream.flush()

    @property
    def seconds(self) -> float:
        """How long it has taken so far."""
        return self._clock() - self._begin

    @property
    def rate(self) -> float:
        """How many a second, since the beginning."""
        return self.count / self.seconds if self.seconds else 0.0

    def summary(self) -> str:
        """What was done, how long it took, and how many a second that makes."""
        return (
            f"{self.count:,} {self.noun} in {self.seconds:.1f} s: "
            f"{self.rate:,.0f} {self.noun} a second."
        )

    def _line(self) -> str:
        counted = f"{self.count:,} {self.noun}, {self.rate:,.0f} a second"
        if not self.total:
            return counted
        part = min(1.0, self._done / self.total)
        return f"[{'#' * int(part * WIDTH):{WIDTH}}] {part:4.0%}  {counted}"
