"""How many connections a worker may accept, by how many files the system lets it open.

If a process may not open another file, accepting connections fails at once, again and again, and
takes a whole core. So a worker stops accepting before that.
"""

import resource

from monoservices.server.body import CALLERS_DISK
from monoservices.server.holding import IN_MEMORY

CONNECTIONS = 10_000
"""How many connections a worker accepts at most, idle ones included. Each takes up to 80 KiB."""
PER_CONNECTION = 2
"""Its socket, and the static file that it may be receiving."""
OTHERS = CALLERS_DISK // IN_MEMORY + 128
"""Files of bodies, each of which is larger than IN_MEMORY; and connections to the database, up to
three files each on SQLite, modules, logs and sockets."""


class TooFewFiles(Exception):
    """The limit of open files leaves no room for connections."""


def allowed_connections() -> int:
    """Raise this process's limit of open files as far as needed, and return how many fit.

    Processes that this one starts inherit the limit.
    Raises TooFewFiles if the limit is too low and cannot be raised.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = PER_CONNECTION * CONNECTIONS + OTHERS
    if _is_less(soft, wanted):
        soft = hard if _is_less(hard, wanted) else wanted
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if not _is_less(soft, wanted):
        return CONNECTIONS
    if soft < OTHERS + PER_CONNECTION:
        raise TooFewFiles(
            f"This process may open {soft} files, which leaves none for connections. Raise the "
            f"limit: `ulimit -n {wanted}`."
        )
    return (soft - OTHERS) // PER_CONNECTION


def _is_less(limit: int, wanted: int) -> bool:
    return limit != resource.RLIM_INFINITY and limit < wanted
