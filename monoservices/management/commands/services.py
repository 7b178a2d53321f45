"""`manage.py services`: print the map of the installed services."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from monoservices.boundaries.map.formats import FORMATS
from monoservices.boundaries.map.mapping import service_map


class Command(BaseCommand):
    help = "Print the services, what they depend on, and their crossings, tables and routes."
    requires_system_checks = ()  # the map helps to find the cause of a failed check

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--format", choices=FORMATS, default="markdown", help="default: markdown"
        )

    def handle(self, *, format: str, **options: Any) -> None:  # noqa: A002 - the option's name
        self.stdout.write(FORMATS[format](service_map()), ending="")
