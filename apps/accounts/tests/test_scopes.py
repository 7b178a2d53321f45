from apps.accounts.apps import AccountsConfig
from apps.accounts.scopes import default_scopes, known_scopes
from apps.accounts.tests.conftest import SCOPES
from monoservices.services.config import services


def test_known_scopes_are_those_of_all_installed_services() -> None:
    assert AccountsConfig.scopes == SCOPES
    expected = [scope for service in services() for scope in service.scopes]
    assert list(known_scopes().values()) == expected
    assert list(known_scopes()) == [scope.name for scope in expected]


def test_default_scopes_leave_out_what_must_be_granted_by_name() -> None:
    defaults = default_scopes()
    assert "things:read" in defaults
    assert "things:write" in defaults
    assert "things:manage" not in defaults
