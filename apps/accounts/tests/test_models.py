import hashlib

import pytest
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError

from apps.accounts import operations
from apps.accounts.models import ApiKey, Client

pytestmark = pytest.mark.django_db


def test_a_client_is_called_by_its_name() -> None:
    assert str(Client(name="Corner shop")) == "Corner shop"


def test_the_database_refuses_a_client_without_a_name() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Client.objects.create(name="")
    assert Client.objects.count() == 0


def test_the_database_refuses_two_clients_of_one_name() -> None:
    Client.objects.create(name="shop")
    with pytest.raises(IntegrityError), transaction.atomic():
        Client.objects.create(name="shop")
    assert Client.objects.count() == 1


def test_a_key_keeps_no_more_of_the_secret_than_its_digest_and_prefix() -> None:
    issued = operations.issue_key(client_name="shop")
    row = ApiKey.objects.filter(id=issued.key.id).values().get()
    assert row["digest"] == hashlib.sha256(issued.secret.encode()).hexdigest()
    assert row["prefix"] == issued.secret[:8]
    assert issued.secret[8:] not in str(row)
    assert issued.secret[8:] not in repr(issued)


def test_a_client_with_keys_cannot_be_deleted() -> None:
    key = operations.issue_key(client_name="shop").key
    with pytest.raises(ProtectedError):
        key.client.delete()
    assert Client.objects.count() == 1


def test_for_secret_finds_exactly_that_key() -> None:
    issued = operations.issue_key(client_name="shop")
    operations.issue_key(client_name="shop")
    assert ApiKey.objects.for_secret(issued.secret).get() == issued.key
    assert not ApiKey.objects.for_secret(issued.secret.swapcase()).exists()


def test_active_leaves_out_revoked_keys_and_counts_by_client() -> None:
    revoked, active = (operations.issue_key(client_name="shop").key for _ in range(2))
    operations.built_in_client_id(name="console")
    operations.revoke_key(key_id=revoked.id)
    assert list(ApiKey.objects.active()) == [active]
    counts = Client.objects.with_active_keys().values_list("name", "active_keys")  # type: ignore[misc]
    assert dict(counts) == {"shop": 1, "console": 0}
