"""Scopes, the permissions of an API key, and the caller who holds the key."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

Check = Callable[[], Callable[[], Sequence[bool]]]
"""Asks whether the senders of some requests may still send them.

Calling it enqueues the question, so that it travels with whatever else a transaction asks first.
What it returns is called once, and reads the answer for each request.
"""

COMMAND_LINE = "command line"
"""The actor of movements and events that Python code makes without a caller."""


@dataclass(frozen=True, slots=True)
class Scope:
    """One permission of an API key, such as `orders:write`.

    granted_by_default: a key that is made without a list of scopes gets this one. Say so only of
        what a key in a shop front may do: such keys leak.
    """

    name: str
    description: str
    granted_by_default: bool = False


@dataclass(frozen=True, slots=True)
class Oversight:
    """Who may see, in every service, which other clients and people did what.

    scope: of a key. permission: of staff, such as `orders.view_order`.
    """

    scope: str
    permission: str


@dataclass(frozen=True, slots=True)
class Caller:
    """The client whose key the request carries; `request.auth` in every view."""

    client_id: int
    scopes: frozenset[str]

    @property
    def actor(self) -> str:
        """The name of this caller in movements and events."""
        return f"client:{self.client_id}"
