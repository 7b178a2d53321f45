"""What the checks and the guard say in a copy: `python -m tests.mutations.verdict [NAME|--serve]`.

With a name, of the mutation that was put into the copy; without, of the copy as it is, in which it
sets up a shop. Prints a JSON list: by whom, and what the message says. `--serve` reads names, and
prints a line when it is ready and one for each; null where it failed.
"""

import contextlib
import gc
import importlib
import json
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import django
from django.core.checks import run_checks
from django.core.management import call_command

from tests.mutations.mutation import GUARD
from tests.mutations.table import BY_NAME

OWN_NAME = "tests.mutations.verdict"

Verdict = list[tuple[str, str]]


def checked() -> Verdict:
    """The checks' messages, by id."""
    found = run_checks(tags=["monoservices"])
    return [(str(each.id).removeprefix("monoservices."), str(each.msg)) for each in found]


@contextlib.contextmanager
def guarded() -> Iterator[Verdict]:
    """What the guard refuses in the block is in the list; the first of it ends the block."""
    from monoservices.boundaries.guard.judging import BoundaryViolation
    from monoservices.boundaries.guard.watching import Guard

    seen: Verdict = []

    def refuse(violation: BoundaryViolation) -> None:
        seen.append((GUARD, violation.what))
        raise violation

    guard = Guard(refuse)
    guard.start()
    try:
        yield seen
    except Exception:  # what is refused may end in another, such as in a migration's transaction
        if not seen:
            raise
    finally:
        guard.stop()


def set_up_shop() -> None:
    """A migrated database with one product and one order, at which somebody has looked."""
    call_command("migrate", verbosity=0)
    from django.contrib.auth import get_user_model

    from apps.orders.tests.factories import line, make_order
    from apps.products.operations import create_product

    get_user_model().objects.create_superuser("ada", password="ada")
    product = create_product(name="Lamp", price="5.00", stock_quantity=10)
    make_order(line(product.pk, 3))
    look_around()


def get(path: str) -> None:
    """Look at a page as the staff do. Raises what the view raises, and where it is not shown."""
    from django.contrib.auth import get_user_model
    from django.test import Client

    client = Client(SERVER_NAME="localhost")
    client.force_login(get_user_model().objects.get())
    status = client.get(path).status_code
    if status != 200:
        raise RuntimeError(f"{path} was answered {status}.")


def look_around() -> None:
    """Do as it is what mutations change."""
    from apps.orders.models import Order
    from apps.orders.operations import cancel_order

    get("/console/orders/order/1/change/")
    get("/console/orders/orderevent/")
    get("/console/products/product/1/change/")
    str(Order.objects.get())
    cancel_order(order_id=1, actor="client:1")


def judge(name: str) -> Verdict:
    """What is said of the copy with this mutation, or of the shop that is set up without one."""
    found = checked()
    mutation = BY_NAME[name] if name else None
    with guarded() as seen:
        if mutation is None:
            set_up_shop()
        elif mutation.run:
            here: dict[str, Callable[..., Any] | str] = {"__name__": OWN_NAME, "get": get}
            exec(mutation.run, here)  # noqa: S102 - written in the table
    return found + seen


def serve() -> None:
    """Judge the mutations whose names are read, a line each, in processes of their own.

    One that changes what is loaded here begins anew; others go on from what is known here.
    """
    checked()
    print("ready", flush=True)
    for line in sys.stdin:
        child = os.fork()
        if not child:
            _answer(line.strip())
        if os.waitpid(child, 0)[1]:
            print("null", flush=True)


def _answer(name: str) -> NoReturn:
    """Print what is said of a mutation, and end the process."""
    root = Path.cwd()
    loaded = {getattr(module, "__file__", None) for module in sys.modules.values()}
    try:
        if loaded & {str(root / edit.path) for edit in BY_NAME[name].edits}:
            command = [sys.executable, "-W", "error", "-m", OWN_NAME, name]
            os.execv(sys.executable, command)  # noqa: S606 - this program
        importlib.invalidate_caches()
        print(json.dumps(judge(name)), flush=True)
        os._exit(0)
    except BaseException:
        traceback.print_exc()
        os._exit(1)


if __name__ == "__main__":
    gc.disable()  # trees are large, and the process is short
    django.setup()
    if sys.argv[1:] == ["--serve"]:
        serve()
    else:
        print(json.dumps(judge("".join(sys.argv[1:]))))
