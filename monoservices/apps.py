"""The root of `monoservices`: the app that puts the parts together. No other part imports it."""

from importlib.util import find_spec

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import register

from monoservices.metrics import importing

if find_spec("prometheus_client"):  # without it, nobody can read the metrics
    importing.install()


class MonoservicesConfig(AppConfig):
    """Install it after Django's admin, so that it can withdraw the pages of unserved services."""

    name = "monoservices"

    def ready(self) -> None:
        """Register the check of the boundaries; start the guard if BOUNDARY_GUARD is on."""
        from monoservices.boundaries.checking import check_boundaries
        from monoservices.services.serving import withdraw_staff_pages

        register(check_boundaries, "monoservices")
        withdraw_staff_pages()
        if getattr(settings, "BOUNDARY_GUARD", False):
            from monoservices.boundaries.guard.watching import Guard, LogOnce

            Guard(LogOnce()).start()
