"""The core of placing knows no database: it works in a process that cannot import Django."""

import subprocess
import sys

import pytest

CORE = ("rules", "snapshots", "requests", "pricing", "holds", "deciding")
BLOCKED = ("django", "apps.orders.models", "apps.orders.microservice_communication")
DECIDE = """
from decimal import Decimal
from apps.orders.placing.deciding import Accepted, decide
from apps.orders.placing.requests import LineRequest, order_request
from apps.orders.placing.snapshots import ProductSnapshot

mug = ProductSnapshot(1, "MUG", "Mug", Decimal("9.99"), stock_quantity=2, is_active=True)
line = LineRequest(path="", product_id=1, quantity=2)
[decision] = decide([order_request(client_id=1, lines=[line])], [mug], {})
assert isinstance(decision, Accepted)
print(decision.total)
"""


def run_without_database(code: str) -> subprocess.CompletedProcess[str]:
    """Run Python code in a process of its own, in which BLOCKED cannot be imported."""
    block = f"import sys; sys.modules.update(dict.fromkeys({BLOCKED}))"
    command = [sys.executable, "-c", f"{block}\n{code}"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("module", CORE)
def test_a_module_of_the_core_imports_no_database(module: str) -> None:
    run = run_without_database(f"import apps.orders.placing.{module}")
    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize(
    "module", ["placing.statements", "placing.attempt", "placing.place", "models"]
)
def test_control_the_modules_around_it_do(module: str) -> None:
    run = run_without_database(f"import apps.orders.{module}")
    assert run.returncode == 1
    assert "ModuleNotFoundError" in run.stderr


def test_an_order_is_decided_without_a_database() -> None:
    run = run_without_database(DECIDE)
    assert (run.stdout, run.stderr) == ("19.98\n", "")
