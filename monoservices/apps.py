"""`ServiceConfig`: the declaration that makes a Django app a service."""

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import register

from monoservices.metrics import importing

importing.install()


class MonoservicesConfig(AppConfig):
    """To be installed after Django's admin, whose pages it reduces to those of served services."""

    name = "monoservices"

    def ready(self) -> None:
        """Check the boundaries whenever Django checks the project; log what goes over them.

        The latter where the setting BOUNDARY_GUARD is on.
        """
        from monoservices.boundaries.checks import boundaries
        from monoservices.services.serving import withdraw_staff_pages

        register(boundaries, "monoservices")
        withdraw_staff_pages()
        if getattr(settings, "BOUNDARY_GUARD", False):
            from monoservices.boundaries.guard.watching import Guard, LogOnce

            Guard(LogOnce()).start()
