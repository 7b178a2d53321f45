"""Hashes passwords with the processor time that nothing else wants.

A hash is made to take a core for some tenths of a second. While somebody tries passwords, orders
and the database would have to share the processors with that.
"""

import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

from django.contrib.auth.hashers import PBKDF2PasswordHasher

NICER = 10
"""By how much a hash is nicer than the process (nice(1)). At 10, a thread gets a tenth of the time
that another busy one gets on the same core."""
NICEST = 19


class PatientPasswordHasher(PBKDF2PasswordHasher):
    """Django's default hasher, in a thread of low priority. The hashes are the same.

    On Linux each thread has a priority, which it may lower but not raise again: hence a thread for
    each hash. Hashing releases the GIL, so nobody waits for a thread that does not run. Elsewhere
    a hash has the priority of the process.
    """

    def encode(self, password: str, salt: str, iterations: int | None = None) -> str:
        with ThreadPoolExecutor(1, "hash", _give_way) as thread:
            return thread.submit(super().encode, password, salt, iterations).result()


def _give_way() -> None:
    """Lower the priority of this thread."""
    if sys.platform == "linux":
        thread = threading.get_native_id()
        niceness = os.getpriority(os.PRIO_PROCESS, thread)
        os.setpriority(os.PRIO_PROCESS, thread, min(NICEST, niceness + NICER))
