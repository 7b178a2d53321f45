from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from apps.accounts import operations
from apps.accounts.exceptions import (
    InvalidClientName,
    MalformedSecret,
    SecretInUse,
    UnknownClient,
    UnknownKey,
    UnknownScope,
)
from apps.accounts.identifying import TOUCH_INTERVAL, note_use
from apps.accounts.keys import is_well_formed, new_secret
from apps.accounts.models import ApiKey, Client
from apps.accounts.scopes import default_scopes

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def test_issue_key_makes_the_client_and_the_key() -> None:
    issued = operations.issue_key(client_name="shop")
    assert is_well_formed(issued.secret)
    assert issued.key.client.name == "shop"
    assert issued.key.scopes == sorted(default_scopes())
    assert (issued.key.revoked_at, issued.key.last_used_at) == (None, None)
    assert ApiKey.objects.get() == issued.key


def test_issue_key_gives_a_known_client_one_more_key() -> None:
    first = operations.issue_key(client_name="shop")
    second = operations.issue_key(client_name="  shop ")
    assert first.secret != second.secret
    assert Client.objects.get().keys.count() == 2


def test_issue_key_grants_the_named_scopes_once_each() -> None:
    scopes = ["things:write", "things:manage", "things:write"]
    key = operations.issue_key(client_name="shop", scopes=scopes).key
    key.refresh_from_db()
    assert key.scopes == ["things:manage", "things:write"]


def test_issue_key_takes_a_secret_that_was_made_before() -> None:
    secret = new_secret()
    assert operations.issue_key(client_name="shop", secret=secret).secret == secret
    assert ApiKey.objects.for_secret(secret).get().prefix == secret[:8]


def test_issue_key_refuses_a_secret_that_is_in_use() -> None:
    secret = operations.issue_key(client_name="shop").secret
    with pytest.raises(SecretInUse):
        operations.issue_key(client_name="other", secret=secret)
    assert ApiKey.objects.get().client.name == "shop"
    assert Client.objects.count() == 1


@pytest.mark.parametrize(
    "secret", ["", "secret", "tp_", "tp_" + "a" * 42, "tp_" + "a" * 44, "tp_" + "é" * 43]
)
def test_issue_key_refuses_a_secret_of_another_form(secret: str) -> None:
    with pytest.raises(MalformedSecret):
        operations.issue_key(client_name="shop", secret=secret)
    assert Client.objects.count() == 0


def test_issue_key_names_the_unknown_scope_and_the_known_ones() -> None:
    with pytest.raises(UnknownScope, match=r"'things:eat'; .*things:read, things:write") as caught:
        operations.issue_key(client_name="shop", scopes=["things:read", "things:eat"])
    assert "'things:read'" not in str(caught.value)
    assert Client.objects.count() == 0


@pytest.mark.parametrize("name", ["", "  ", "a" * 101, "a\x00b", "a\nb", "a\ud800"])
def test_issue_key_refuses_a_name_that_a_database_could_not_keep(name: str) -> None:
    with pytest.raises(InvalidClientName):
        operations.issue_key(client_name=name)
    assert Client.objects.count() == 0


def test_issue_key_takes_the_longest_name() -> None:
    assert operations.issue_key(client_name="ü" * 100).key.client.name == "ü" * 100


def test_revoke_key_revokes_that_key_and_no_other() -> None:
    key, other = (operations.issue_key(client_name="shop").key for _ in range(2))
    before = timezone.now()
    revoked = operations.revoke_key(key_id=key.id)
    assert revoked.revoked_at is not None
    assert before <= revoked.revoked_at <= timezone.now()
    assert list(ApiKey.objects.active()) == [other]


def test_revoking_twice_keeps_the_first_time() -> None:
    key = operations.issue_key(client_name="shop").key
    first = operations.revoke_key(key_id=key.id).revoked_at
    assert operations.revoke_key(key_id=key.id).revoked_at == first


@pytest.mark.parametrize("key_id", [0, -1, 2**63, 10**30])
def test_revoke_key_refuses_an_unknown_key(key_id: int) -> None:
    operations.issue_key(client_name="shop")
    with pytest.raises(UnknownKey, match=str(key_id)):
        operations.revoke_key(key_id=key_id)
    assert ApiKey.objects.active().count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("last_used_at", "now", "expected"),
    [
        (None, NOON, NOON),
        (NOON, NOON + timedelta(seconds=59), NOON),
        (NOON, NOON + timedelta(seconds=60), NOON + timedelta(seconds=60)),
    ],
)
def test_a_use_is_noted_at_most_once_a_minute(
    monkeypatch: pytest.MonkeyPatch,
    last_used_at: datetime | None,
    now: datetime,
    expected: datetime,
) -> None:
    key = operations.issue_key(client_name="shop").key
    ApiKey.objects.update(last_used_at=last_used_at)
    monkeypatch.setattr(timezone, "now", lambda: now)
    for _ in range(2):
        operations.ask_for_callers(digests=[key.digest])()
        # A second process may have read the key before any of these uses.
        note_use(key_ids=[key.id], due=now - TOUCH_INTERVAL)
        key.refresh_from_db()
        assert key.last_used_at == expected


def test_built_in_clients_are_made_once() -> None:
    console = operations.built_in_client_id(name="console")
    assert operations.built_in_client_id(name="console") == console
    assert operations.built_in_client_id(name="command line") != console
    assert Client.objects.count() == 2


def test_there_are_no_other_built_in_clients() -> None:
    with pytest.raises(UnknownClient, match="'shop'"):
        operations.built_in_client_id(name="shop")
    assert Client.objects.count() == 0
