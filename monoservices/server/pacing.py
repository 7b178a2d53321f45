"""Throttles what would take too much from placing orders: at once up to a rate, in turn beyond it.

Rejected clients that retry at once, and strangers, would otherwise take the whole processor, and
leave less and less of it for accepted requests. Large bodies would take the disk, which each commit
waits for.
"""

import asyncio

REFUSALS = 50.0
"""How many 503 per second, and how many 401 outside of Django: about two percent of the orders that
a worker can place. A refusal costs it about as much processor time as an order."""
AT_ONCE = 100
"""How many of each go out without a wait after a quiet time."""
LONGEST = 5.0
"""How many seconds a refusal may wait for its turn."""


class Throttle:
    """At most `per_second` turns per second. If callers would wait for too long, turns are faster.

    The algorithm is the virtual scheduling of GCRA, the generic cell rate algorithm (ITU-T I.371,
    annex A). GCRA rejects a cell that comes too early; a caller here waits until its time.
    """

    def __init__(
        self, per_second: float = REFUSALS, *, at_once: int = AT_ONCE, longest: float = LONGEST
    ) -> None:
        self._interval = 1 / per_second
        self._early = (at_once - 1) * self._interval
        self._longest = longest
        self._next = 0.0

    def delay(self, now: float, *, turns: int = 1) -> float:
        """Take turns at the time `now`, and return how many seconds away the first one is."""
        latest = now + self._early + self._longest
        expected = min(max(self._next, now), latest)
        self._next = expected + turns * self._interval
        return max(0.0, expected - now - self._early)

    async def wait(self, *, turns: int = 1, waited: float = 0.0) -> None:
        """Take turns, and return when the first one comes.

        waited: how many seconds the caller has waited already.
        """
        delay = self.delay(asyncio.get_running_loop().time(), turns=turns) - waited
        if delay > 0:
            await asyncio.sleep(delay)
