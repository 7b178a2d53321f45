"""Turns: how many requests of one kind run at a time, and how many more may wait for that.

Each kind has its own turns, so that however many requests of one kind come, they never keep those
of another kind waiting.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from monoservices.api.problems import Unavailable


class Turns:
    """At most `at_once` requests have a turn; `waiting` more wait, in order of arrival.

    share: the part of the time during which a turn may be taken. After a turn of a second, a share
        of a quarter means three seconds in which nobody takes that turn.
    Use it in one event loop.
    """

    def __init__(self, at_once: int, *, waiting: int, share: float = 1.0) -> None:
        self._free = asyncio.Semaphore(at_once)
        self._limit = at_once + waiting
        self._rest = 1 / share - 1
        self._present = 0
        self._nobody = asyncio.Event()
        self._nobody.set()

    @asynccontextmanager
    async def turn(self) -> AsyncIterator["Turn"]:
        """Have a turn during the block. Raises Unavailable, at once, if too many wait."""
        await self._take()
        turn = Turn(self)
        try:
            yield turn
        finally:
            turn.end()

    async def drain(self) -> None:
        """Return when nobody has a turn or waits for one. No turn rests any more."""
        self._rest = 0.0
        await self._nobody.wait()

    def refuse_if_full(self) -> None:
        """Raise Unavailable if too many have a turn or wait for one."""
        if self._present >= self._limit:
            raise Unavailable("Too many requests are waiting. Nothing was done; try again.")

    async def _take(self) -> None:
        self.refuse_if_full()
        self._present += 1
        self._nobody.clear()
        try:
            await self._free.acquire()
        except BaseException:
            self._leave()
            raise

    def _give_back(self, seconds: float) -> None:
        """End a turn that took so long."""
        self._leave()
        if self._rest:
            asyncio.get_running_loop().call_later(seconds * self._rest, self._free.release)
        else:
            self._free.release()

    def _leave(self) -> None:
        self._present -= 1
        if not self._present:
            self._nobody.set()


class Turn:
    """A turn that has begun."""

    def __init__(self, turns: Turns) -> None:
        self._begin(turns)

    async def move(self, turns: Turns) -> None:
        """Exchange the turn for one of `turns`. Raises Unavailable if too many wait there."""
        if turns is not self._turns:
            await turns._take()  # noqa: SLF001 - the other half of the class
            self.end()
            self._begin(turns)

    def end(self) -> None:
        seconds = asyncio.get_running_loop().time() - self._began
        self._turns._give_back(seconds)  # noqa: SLF001 - the other half of the class

    def _begin(self, turns: Turns) -> None:
        self._turns = turns
        self._began = asyncio.get_running_loop().time()
