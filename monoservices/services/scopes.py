"""What an API key can be allowed to do, and who calls with one."""

from dataclasses import dataclass

COMMAND_LINE = "command line"
"""How movements and events name what is done from Python, without a caller."""


@dataclass(frozen=True, slots=True)
class Scope:
    """One thing that an API key can be allowed to do, such as `orders:write`.

    granted_by_default: a key that is made without naming scopes gets this one.
    """

    name: str
    description: str
    granted_by_default: bool = True


@dataclass(frozen=True, slots=True)
class Caller:
    """The holder of the key that a request came with; `request.auth` in every view."""

    client_id: int
    scopes: frozenset[str]

    @property
    def actor(self) -> str:
        """How movements and events name this caller."""
        return f"client:{self.client_id}"
