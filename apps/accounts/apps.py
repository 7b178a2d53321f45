"""The platform: staff who sign in, clients that call the API, and their keys."""

from monoservices.services.config import ServiceConfig


class AccountsConfig(ServiceConfig):
    name = "apps.accounts"
    label = "accounts"
    depends_on = ()
    hashes_passwords = (
        "admin:login",
        "admin:password_change",
        "admin:accounts_user_add",
        "admin:auth_user_password_change",
    )

    def ready(self) -> None:
        from apps.accounts import schema  # noqa: F401 - registers itself with drf-spectacular
