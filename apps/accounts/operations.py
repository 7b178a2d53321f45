"""Every write of this service."""

from collections.abc import Collection
from dataclasses import dataclass, field

from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.accounts.exceptions import (
    InvalidClientName,
    MalformedSecret,
    SecretInUse,
    UnknownClient,
    UnknownKey,
    UnknownScope,
)
from apps.accounts.identifying import ask_for_callers
from apps.accounts.keys import PREFIX_LENGTH, digest, is_well_formed, new_secret
from apps.accounts.models import ApiKey, Client
from apps.accounts.scopes import default_scopes, known_scopes

__all__ = ["ask_for_callers", "built_in_client_id", "issue_key", "revoke_key"]

BUILT_IN_CLIENTS = ("console", "command line", "demo")


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """A new key with its secret, which is known only now."""

    key: ApiKey
    secret: str = field(repr=False)


def issue_key(
    *, client_name: str, scopes: Collection[str] | None = None, secret: str | None = None
) -> IssuedKey:
    """Issue a key for the client with this name. Create the client if it does not exist.

    client_name: 1 to 100 printable characters; outer spaces are removed.
    scopes: what the key may do. None means every scope that is granted by default.
    secret: the key's text, if it must be known beforehand. None means a random one.
    Raises InvalidClientName, UnknownScope, MalformedSecret or SecretInUse, and then writes nothing.
    """
    name = client_name.strip()
    if not (1 <= len(name) <= 100 and name.isprintable()):
        raise InvalidClientName(client_name)
    granted = sorted(default_scopes() if scopes is None else set(scopes))
    known = known_scopes()
    if unknown := [scope for scope in granted if scope not in known]:
        raise UnknownScope(unknown=unknown, known=known)
    secret = new_secret() if secret is None else secret
    if not is_well_formed(secret):
        raise MalformedSecret
    try:
        with transaction.atomic():
            client, _ = Client.objects.get_or_create(name=name)
            key = ApiKey.objects.create(
                client=client, digest=digest(secret), prefix=secret[:PREFIX_LENGTH], scopes=granted
            )
    except IntegrityError:
        raise SecretInUse from None
    return IssuedKey(key=key, secret=secret)


@transaction.atomic
def revoke_key(*, key_id: int) -> ApiKey:
    """Revoke a key for good. A revoked key keeps the time of its revocation. Raises UnknownKey."""
    ApiKey.objects.active().filter(id=key_id).update(revoked_at=timezone.now())
    try:
        return ApiKey.objects.select_related("client").get(id=key_id)
    except ApiKey.DoesNotExist:
        raise UnknownKey(key_id) from None


def built_in_client_id(*, name: str) -> int:
    """The id of one of BUILT_IN_CLIENTS, for work without a key. Raises UnknownClient."""
    if name not in BUILT_IN_CLIENTS:
        raise UnknownClient(name)
    client, _ = Client.objects.get_or_create(name=name)
    return client.id
