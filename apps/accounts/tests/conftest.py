"""Services with known scopes, so that these tests hold whatever else is installed."""

import pytest

from apps.accounts.apps import AccountsConfig
from monoservices.services.scopes import Scope

SCOPES = (
    Scope("things:read", "see things", granted_by_default=True),
    Scope("things:write", "change things", granted_by_default=True),
    Scope("things:manage", "change the things of others"),
)


@pytest.fixture(autouse=True)
def _known_scopes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the service under test serve SCOPES beside those of the other services."""
    monkeypatch.setattr(AccountsConfig, "scopes", SCOPES)
