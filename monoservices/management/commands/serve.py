"""`manage.py serve`: serve the project's ASGI application."""

import copy
import os
import socket
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connections
from granian.constants import HTTPModes, Interfaces, Loops
from granian.http import HTTP1Settings
from granian.server import Server

from monoservices.database.engines import engine
from monoservices.housekeeping.beside import housekeeping
from monoservices.housekeeping.chores import chore_paths
from monoservices.metrics.processes import counting_together
from monoservices.server.open_files import TooFewFiles, allowed_connections
from monoservices.server.supervisor import Interrupt, guard_forks

HEADER_SECONDS = 15
HEADER_BYTES = 32 * 1024
"""How many bytes the headers may have, and how many a connection reads ahead. Anyone can take them
from every connection."""
STOP_SECONDS = 30
MOST_WORKERS = 2
"""The largest default. More workers, with a core each, have not been measured."""


class Command(BaseCommand):
    help = (
        "Serves HTTP until SIGTERM or SIGINT. Then it finishes the requests that have begun, for "
        f"at most {STOP_SECONDS} seconds. If a worker dies, a new one starts. If workers die again "
        "within seconds, the server ends with status 1."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="default: 127.0.0.1")
        parser.add_argument("--port", type=_between(1, 65535), default=8000, help="default: 8000")
        parser.add_argument(
            "--workers",
            type=_between(1, 256),
            default=default_workers(),
            help="processes, each with its own batches and database connections; default: "
            "%(default)s, from the number of cores and the database",
        )
        parser.add_argument(
            "--no-housekeeping",
            action="store_true",
            help="start no housekeeper beside the workers; some `housekeep` runs elsewhere",
        )

    def handle(
        self, *, host: str, port: int, workers: int, no_housekeeping: bool, **options: Any
    ) -> None:
        address = _free_address(host, port)
        try:
            most_connections = allowed_connections()
        except TooFewFiles as error:
            raise CommandError(str(error)) from None
        connections.close_all()  # workers must not share the connections that the checks opened
        server = Server(
            _application(),
            address=address,
            port=port,
            interface=Interfaces.ASGI,
            workers=workers,
            loop=Loops.auto,
            # Granian's backpressure limits open connections. The limits on requests are in
            # `monoservices.server`: `batching`, `body` and `turns`.
            backpressure=most_connections,
            http=HTTPModes.http1,
            http1_settings=HTTP1Settings(
                header_read_timeout=HEADER_SECONDS * 1_000, max_buffer_size=HEADER_BYTES
            ),
            websockets=False,
            respawn_failed_workers=True,
            workers_kill_timeout=STOP_SECONDS,
            log_dictconfig=copy.deepcopy(settings.LOGGING),
        )
        server.main_loop_interrupt = Interrupt(lambda: server.interrupt_signal)
        guard_forks()
        has_chores = bool(chore_paths()) and not no_housekeeping
        with counting_together(), housekeeping() if has_chores else nullcontext():
            server.serve()


def default_workers() -> int:
    """The default number of workers: one on SQLite, which has one writer at a time."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return min(MOST_WORKERS, cores or 1) if engine().LOCKS_ROWS else 1


def _application() -> str:
    """ASGI_APPLICATION with a colon, as Granian expects it."""
    module, _, name = settings.ASGI_APPLICATION.rpartition(".")
    return f"{module}:{name}"


def _between(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not (text.isascii() and text.isdecimal() and low <= int(text) <= high):
            raise ArgumentTypeError(f"expected {low} to {high}, not {text!r}")
        return int(text)

    return parse


def _free_address(host: str, port: int) -> str:
    """Return the IP address of `host`. Raises CommandError if the port is not free.

    Granian listens with SO_REUSEPORT, so a second server would silently share the port.
    """
    try:
        address = host if ":" in host else socket.gethostbyname(host)
        with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((address, port))
    except OSError as error:
        raise CommandError(f"Cannot listen on {host}, port {port}: {error.strerror}.") from error
    return address
