"""The process of the attackers: `python -m faults.abuse.attackers PORT SECRET CORES KIND…`.

They attack until SIGTERM. Then the process prints the answers as JSON: counts by kind and status,
where 0 means that there was none. `nice` would give them less than their share on a busy machine
and more on an idle one, and cgroups need root, so the process holds itself to its share: it sleeps
as soon as it has used more processor time.
"""

import asyncio
import json
import resource
import signal
import sys
import time
from collections import Counter
from contextlib import suppress

import uvloop

from faults.abuse.attacks import ATTACKS, Attack, Target

PAUSE_SECONDS = 0.1
"""How long an attacker waits after an attack without an answer."""
CHECK_SECONDS = 0.005
SPARE_SECONDS = 0.05
"""How much unused processor time attackers may save up."""

Counts = dict[str, Counter[int]]


def main(arguments: list[str]) -> None:
    port, secret, cores, *kinds = arguments
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    counts = uvloop.run(attack(Target(int(port), secret), kinds, float(cores)))
    print(json.dumps(counts))


async def attack(target: Target, kinds: list[str], cores: float) -> Counts:
    """Attack until SIGTERM. Return the answers."""
    over = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, over.set)
    counts: Counts = {kind: Counter() for kind in kinds}
    tasks = [
        asyncio.create_task(_attacker(each, target, counts[each.__name__]))
        for each, number in ATTACKS.items()
        if each.__name__ in kinds
        for _ in range(number)
    ]
    tasks.append(asyncio.create_task(hold_to(cores)))
    await over.wait()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return counts


async def _attacker(kind: Attack, target: Target, counts: Counter[int]) -> None:
    while True:
        status = 0
        with suppress(OSError, EOFError, ValueError):  # ValueError: a line longer than READ_AHEAD
            status = await kind(target)
        counts[status] += 1
        if not status:
            await asyncio.sleep(PAUSE_SECONDS)


async def hold_to(cores: float) -> None:
    """Let this process use at most this many cores, for as long as the task runs."""
    begin = time.monotonic() - time.process_time() / cores
    while True:
        await asyncio.sleep(CHECK_SECONDS)
        ahead = time.process_time() - cores * (time.monotonic() - begin)
        if ahead > 0:
            time.sleep(ahead / cores)  # noqa: ASYNC251 - the whole process is to stand still
        elif ahead < -SPARE_SECONDS:
            begin = time.monotonic() - (time.process_time() + SPARE_SECONDS) / cores


if __name__ == "__main__":
    main(sys.argv[1:])
