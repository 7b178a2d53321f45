"""What a process does with SERVICES before it connects, and the tests of a service alone."""

import pytest
from django.conf import settings

from tests.selection import run


def test_an_unknown_service_stops_the_start() -> None:
    known = [entry.removeprefix("apps.") for entry in settings.SERVICES]
    process = run("manage.py", "check", SERVICES="products,parcel")
    assert process.returncode == 1
    assert process.stderr.splitlines()[-1].endswith(
        f"There is no service named parcel. There are: {', '.join(known)}."
    )


@pytest.mark.parametrize(
    ("service", "module", "runs"),
    [
        ("accounts", "test_scopes", ["accounts alone"]),
        ("products", "test_stock", ["products alone"]),
        ("orders", "test_transitions", ["orders alone", "orders alone, with fakes"]),
        ("payments", "test_operations", ["payments alone"]),
    ],
)
def test_a_service_is_tested_alone(service: str, module: str, runs: list[str]) -> None:
    """`make test-service` runs all its tests; here all are imported, and those of one module run.

    What would import or reach a service that is not there fails.
    """
    process = run("-m", "tests", "sqlite", "--service", service, "--", "-q", "-k", module)
    assert process.returncode == 0, process.stdout
    lines = process.stdout.splitlines()
    titles = [line for line in lines if line.startswith("===")]
    assert titles == [f"=== sqlite, {each} ===" for each in runs]
    assert len([line for line in lines if " passed, " in line]) == len(runs)
