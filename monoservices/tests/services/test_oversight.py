from types import SimpleNamespace
from typing import Any

import pytest

from monoservices.services.oversight import sees_others, staff_sees_others
from monoservices.services.scopes import Caller, Oversight
from monoservices.tests.boundaries.checks.conftest import Project, service

GUARDED = service("guard").replace(
    "depends_on", "oversight = Oversight('guard:see', 'guard.see')\n    depends_on"
)


@pytest.fixture(params=["the setting", "the services"])
def _declared(request: Any, settings: Any, project: Project) -> None:
    """One service declares oversight, and the setting is there or not."""
    declaration = "from monoservices.services.scopes import Oversight\n" + GUARDED
    assert "Oversight('guard:see'" in declaration
    project({"guard/apps.py": declaration, "stock/apps.py": service("stock")}, "E001")
    del settings.OVERSIGHT
    if request.param == "the setting":
        settings.OVERSIGHT = [Oversight("guard:see", "guard.see")]


def person(*permissions: str, is_superuser: bool = False) -> Any:
    return SimpleNamespace(is_superuser=is_superuser, has_perm=permissions.__contains__)


@pytest.mark.usefixtures("_declared")
def test_who_sees_others() -> None:
    assert sees_others(Caller(1, frozenset({"guard:see"})))
    assert not sees_others(Caller(1, frozenset({"guard:read", "see"})))
    assert staff_sees_others(person("guard.see"))
    assert not staff_sees_others(person("guard.view", "see"))


def test_where_nothing_is_declared_only_superusers_do(settings: Any) -> None:
    settings.OVERSIGHT = []
    assert not sees_others(Caller(1, frozenset({"orders:manage"})))
    assert not staff_sees_others(person("orders.view_order"))
    assert staff_sees_others(person(is_superuser=True))
