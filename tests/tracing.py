"""The way of one order: which files its request enters, from its first byte to its response.

`python -m tests.tracing [sqlite|postgresql]` places an order on the express lane, places another
one while it watches every call, and prints the project's own files in the order in which they are
entered. Everything runs in one process, as it does in a worker.
"""

import asyncio
import json
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from types import FrameType
from typing import Any

from tests.__main__ import ROOT, SETTINGS, sqlite
from tests.postgres import PostgresServer

WINGS = tuple(f"{ROOT / folder}/" for folder in ("apps", "monoservices", "config"))


@contextmanager
def postgresql() -> Iterator[str]:
    with PostgresServer() as server:
        yield server.url("postgres")


DATABASES = {"sqlite": sqlite, "postgresql": postgresql}


class Watch:
    """Keeps the files of the project whose functions are called, in the order of first calls."""

    def __init__(self) -> None:
        self.entered: list[str] = []
        self._known: set[str] = set()

    def forget(self) -> None:
        self.entered.clear()
        self._known.clear()

    def __call__(self, frame: FrameType, event: str, _: Any) -> None:
        path = frame.f_code.co_filename
        if event != "call" or path in self._known:
            return
        self._known.add(path)
        if path.startswith(WINGS):
            self.entered.append(str(Path(path).relative_to(ROOT)))


def package(path: str) -> str:
    """The two outermost folders of a file, such as `apps/orders`."""
    return "/".join(path.split("/")[:-1][:2])


def changes_of_package(paths: list[str]) -> int:
    return sum(package(one) != package(next_one) for one, next_one in pairwise(paths))


async def files_of_an_order(product_id: int, secret: str) -> list[str]:
    """The files that an order enters that is not the first one of its server."""
    from tests.asgi import new_django, post_order, serving

    body = json.dumps({"product_id": product_id, "quantity": 1}).encode()
    watch = Watch()
    threading.setprofile(watch)  # for threads that begin from now on
    async with serving(new_django()) as front:
        assert (await post_order(front, body, secret)).status == 201
        watch.forget()
        sys.setprofile(watch)
        reply = await post_order(front, body, secret)
        sys.setprofile(None)
        entered = list(watch.entered)
    threading.setprofile(None)
    assert reply.status == 201
    return entered


def main(database: str) -> None:
    with DATABASES[database]() as url:
        os.environ |= SETTINGS | {
            "DATABASE_URL": url,
            "DJANGO_SETTINGS_MODULE": "config.settings",
        }
        import django
        from django.core.management import call_command
        from django.db import connections

        django.setup()
        from apps.accounts.operations import issue_key
        from apps.products.operations import create_product

        call_command("migrate", verbosity=0)
        product = create_product(name="Blue Mug", price="9.99", stock_quantity=2)
        secret = issue_key(client_name="shop", scopes={"orders:write"}).secret
        entered = asyncio.run(files_of_an_order(product.pk, secret))
        connections.close_all()
    print(*entered, sep="\n")
    print(f"{len(entered)} files, {changes_of_package(entered)} changes of package")


if __name__ == "__main__":
    main(*(sys.argv[1:] or ["sqlite"]))
