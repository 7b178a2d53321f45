"""What can go wrong with clients and keys, for commands and staff pages, which show the message."""

from collections.abc import Iterable


class AccountsError(Exception):
    """The base of this service's errors."""


class InvalidClientName(AccountsError):
    def __init__(self, name: str) -> None:
        super().__init__(f"A client's name has 1 to 100 printable characters, not {name[:101]!r}.")


class MalformedSecret(AccountsError):
    def __init__(self) -> None:
        super().__init__('A key is "tp_" and 43 characters of A-Z, a-z, 0-9, "-" and "_".')


class SecretInUse(AccountsError):
    def __init__(self) -> None:
        super().__init__("Another key has this secret.")


class UnknownClient(AccountsError):
    def __init__(self, name: str) -> None:
        super().__init__(f"There is no built-in client {name!r}.")


class UnknownKey(AccountsError):
    def __init__(self, key_id: int) -> None:
        super().__init__(f"There is no key with the id {key_id}.")


class UnknownScope(AccountsError):
    """No installed service has at least one of the scopes."""

    def __init__(self, *, unknown: Iterable[str], known: Iterable[str]) -> None:
        names = ", ".join(repr(name) for name in unknown)
        super().__init__(f"Unknown scope {names}; choose from {', '.join(known)}.")
