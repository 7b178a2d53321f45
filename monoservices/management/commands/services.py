"""`manage.py services`: print the map of the installed services."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from monoservices.boundaries.map.formats import FORMATS
from monoservices.boundaries.map.mapping import service_map


class Command(BaseCommand):
    help = "Prints the services, what they depend on, and their crossings, tables and routes."
    requires_system_checks = ()  # a map helps to find what they complain of

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--format", choices=FORMATS, default="text", help="default: text")
        parser.add_argument(
            "--json", action="store_const", const="json", dest="format", help="as --format json"
        )

    def handle(self, *, format: str, **options: Any) -> None:  # noqa: A002 - the option's name
        self.stdout.write(FORMATS[format](service_map()), ending="")
