"""What a key may do: the scopes of the services that are served here."""

from monoservices.services.config import served_services
from monoservices.services.scopes import Scope


def known_scopes() -> dict[str, Scope]:
    """Every scope by name, in the order of the services."""
    return {scope.name: scope for service in served_services() for scope in service.scopes}


def default_scopes() -> list[str]:
    """The scopes of a key that is issued without naming any."""
    return [name for name, scope in known_scopes().items() if scope.granted_by_default]
