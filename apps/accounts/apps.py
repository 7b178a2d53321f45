"""The platform: staff who sign in, clients that call the API, and their keys."""

from monoservices.services.config import ServiceConfig


class AccountsConfig(ServiceConfig):
    name = "apps.accounts"
    label = "accounts"
    depends_on = ()

    def ready(self) -> None:
        """Register the authentication with drf-spectacular."""
        from apps.accounts import schema  # noqa: F401
