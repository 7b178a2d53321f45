"""Throttles 503 responses: at once up to a rate, in turn beyond it.

Rejected clients that retry at once would otherwise take the whole processor, and leave less and
less of it for accepted requests.
"""

import asyncio

REFUSALS = 200.0
"""How many 503 per second: a few percent of the orders that a worker can place."""
AT_ONCE = 500
"""How many 503 go out without a wait after a quiet time."""
LONGEST = 5.0
"""How many seconds a 503 may wait for its turn."""


class Throttle:
    """At most `per_second` turns per second.

    at_once: how many turns need no wait after a quiet time.
    longest: how many seconds a caller waits at most. If more callers come, turns are faster.
    The algorithm is the virtual scheduling of GCRA, the generic cell rate algorithm (ITU-T I.371,
    annex A). GCRA rejects a cell that comes too early; a caller here waits until its time.
    """

    def __init__(
        self,
        per_second: float = REFUSALS,
        *,
        at_once: int = AT_ONCE,
        longest: float = LONGEST,
    ) -> None:
        self._interval = 1 / per_second
        self._early = (at_once - 1) * self._interval
        self._longest = longest
        self._next = 0.0

    def delay(self, now: float) -> float:
        """Take a turn at the time `now`, and return how many seconds away it is."""
        latest = now + self._early + self._longest
        expected = min(max(self._next, now), latest)
        self._next = expected + self._interval
        return max(0.0, expected - now - self._early)

    async def wait(self, *, waited: float = 0.0) -> None:
        """Return when it is the caller's turn. waited: how many seconds it has waited already."""
        delay = self.delay(asyncio.get_running_loop().time()) - waited
        if delay > 0:
            await asyncio.sleep(delay)
