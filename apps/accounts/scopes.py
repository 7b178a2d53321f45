"""What a key can be allowed to do: the scopes of the services that are served here."""

from monoservices.services.config import served_services
from monoservices.services.scopes import Scope


def known_scopes() -> dict[str, Scope]:
    """Every scope by its name, in the order of the services that serve them."""
    return {scope.name: scope for service in served_services() for scope in service.scopes}


def default_scopes() -> list[str]:
    """The names of the scopes of a key that is made without naming any."""
    return [name for name, scope in known_scopes().items() if scope.granted_by_default]
