"""How fast a server refuses: at once up to a rate, and in turn past it.

Clients that are refused and come again at once would otherwise take as much of the processor as
there is, and leave less and less for what was accepted.
"""

import asyncio

REFUSALS = 200.0
"""How many 503 a second: a few hundredths of the orders that a worker could place."""
AT_ONCE = 500
"""How many 503 wait for nothing, after a rest."""
LONGEST = 5.0
"""For how many seconds a refusal may wait for its turn."""


class Throttle:
    """At most `per_second` turns a second.

    at_once: how many turns wait for nothing, after a rest.
    longest: how many seconds a turn may be waited for; where more callers come than that allows,
        turns are faster.
    The algorithm is the virtual scheduling of GCRA, the generic cell rate algorithm (ITU-T I.371,
    annex A), which refuses what comes too early; here it waits until it conforms.
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
        """Take a turn at the time `now`, and return in how many seconds it is."""
        latest = now + self._early + self._longest
        expected = min(max(self._next, now), latest)
        self._next = expected + self._interval
        return max(0.0, expected - now - self._early)

    async def wait(self, *, waited: float = 0.0) -> None:
        """Return when it is the caller's turn. waited: for how many seconds it has already."""
        delay = self.delay(asyncio.get_running_loop().time()) - waited
        if delay > 0:
            await asyncio.sleep(delay)
