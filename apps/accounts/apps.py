"""The platform: who signs in to the staff pages, who calls the API, and with which keys."""

from monoservices.services.config import ServiceConfig


class AccountsConfig(ServiceConfig):
    name = "apps.accounts"
    label = "accounts"
    depends_on = ()

    def ready(self) -> None:
        """Tell drf-spectacular how requests are authenticated."""
        from apps.accounts import schema  # noqa: F401
