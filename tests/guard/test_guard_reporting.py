"""What becomes of a violation: in a test, in a thread, swallowed, and logged."""

import logging
import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from django.db import connection

from apps.orders.models import Order
from apps.products.models import Product
from monoservices.boundaries.guard.judging import BoundaryViolation
from monoservices.boundaries.guard.watching import Guard, LogOnce
from monoservices.testing import SeenViolations
from tests.guard.standing import VIEWS, standing_in

ROOT = Path(__file__).resolve().parents[2]

reach_over = standing_in(VIEWS, lambda: list(Product.objects.all()))


@contextmanager
def guard(report: Callable[[BoundaryViolation], None]) -> Iterator[Guard]:
    """A guard of the block's own; that of the tests, which refuses, looks away."""
    [of_the_tests] = connection.execute_wrappers
    connection.execute_wrappers.clear()
    own = Guard(report)
    own.start()
    try:
        yield own
    finally:
        own.stop()
        connection.execute_wrappers.append(of_the_tests)


@pytest.mark.django_db
def test_one_that_is_swallowed_is_kept(boundary_guard: SeenViolations) -> None:
    with suppress(Exception):
        reach_over()
    [kept] = boundary_guard.take()
    assert str(kept).startswith(f"{kept.what}: SELECT ")
    assert kept.sql.startswith("SELECT ")
    assert boundary_guard.take() == []


@pytest.mark.django_db(transaction=True)
def test_one_in_a_thread_is_kept(boundary_guard: SeenViolations) -> None:
    """A thread has a connection of its own, which is guarded when it is opened."""

    def work() -> BaseException | None:
        try:
            reach_over()
        except BoundaryViolation as error:
            return error
        finally:
            connection.close()
        return None

    with ThreadPoolExecutor(1) as threads:
        error = threads.submit(work).result()
    assert boundary_guard.take() == [error]


@pytest.mark.django_db
def test_each_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    with (
        caplog.at_level(logging.WARNING, "monoservices.boundaries.guard.watching"),
        guard(LogOnce()),
    ):
        for _ in range(3):
            assert reach_over() == []
        standing_in(VIEWS, lambda: Product.objects.update(name="Red Mug"))()
        standing_in(VIEWS, lambda: list(Order.objects.all()))()
    reads, changes = caplog.messages
    assert " of orders reads products_product of products: SELECT " in reads
    assert " of orders changes products_product of products: UPDATE " in changes


@pytest.mark.django_db
def test_a_guard_that_has_stopped_reports_nothing() -> None:
    seen: list[BoundaryViolation] = []
    with guard(seen.append) as own:
        own.start()
        reach_over()
        own.stop()
        reach_over()
    assert len(seen) == 1


@pytest.mark.django_db
def test_wrappers_that_come_and_go_leave_the_guard() -> None:
    with guard(lambda violation: None) as own:
        own.stop()
        with connection.execute_wrapper(lambda execute, *rest: execute(*rest)):
            own.start()
        assert connection.execute_wrappers == [own]


def test_a_violation_comes_back_from_another_process() -> None:
    violation = BoundaryViolation("orders", "products", "what")
    violation.sql = "SELECT 1"
    again = pickle.loads(pickle.dumps(violation))  # noqa: S301 - made here
    assert (again.service, again.other, str(again)) == ("orders", "products", "what: SELECT 1")


TEST = """
import pytest
from apps.products.models import Product

code = "def reach_over():\\n    return list(Product.objects.all())"
exec(code, orders := {"__name__": "apps.orders.views", "Product": Product})

@pytest.mark.django_db
def test_swallowing():
    try:
        orders["reach_over"]()
    except Exception:
        pass

@pytest.mark.django_db
def test_innocent():
    assert list(Product.objects.all()) == []
"""


def _environment(**more: str) -> dict[str, str]:
    return os.environ | {"DATABASE_URL": "sqlite://:memory:"} | more


def test_the_fixture_fails_the_test_that_caused_it(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text('pytest_plugins = ["monoservices.testing"]')
    (tmp_path / "test_swallowing.py").write_text(TEST)
    command = [sys.executable, "-m", "pytest", "-rA", "--no-migrations", f"--rootdir={tmp_path}"]
    run = subprocess.run(
        [*command, "-p", "no:cacheprovider", "--ds=config.settings", str(tmp_path)],
        cwd=ROOT,
        env=_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 1, run.stdout
    assert "2 passed, 1 error" in run.stdout
    assert "ERROR at teardown of test_swallowing" in run.stdout
    assert "<string>:2 (reach_over) of orders reads products_product of products" in run.stdout


LOG = """
import django
django.setup()
from django.db import OperationalError
from apps.products.models import Product

code = "def reach_over():\\n    return list(Product.objects.all())"
exec(code, orders := {"__name__": "apps.orders.views", "Product": Product})
for _ in range(2):
    try:
        orders["reach_over"]()
    except OperationalError as error:
        print(error)
"""


@pytest.mark.parametrize(("value", "lines"), [("on", 1), ("off", 0)])
def test_the_setting_logs_and_refuses_nothing(value: str, lines: int) -> None:
    environment = _environment(BOUNDARY_GUARD=value, DJANGO_SETTINGS_MODULE="config.settings")
    run = subprocess.run(
        [sys.executable, "-c", LOG],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout == "no such table: products_product\n" * 2
    assert (
        run.stderr.count(
            " WARNING monoservices.boundaries.guard.watching <string>:2 (reach_over) of orders"
        )
        == lines
    )
    assert run.stderr.count("\n") == lines
