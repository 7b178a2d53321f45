"""How a request to the API says who sends it: `Authorization: Bearer tp_…`."""

import re

from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from apps.accounts import keys, operations
from apps.accounts.models import ApiKey
from monoservices.access import Caller

# The scheme's name in any case, then spaces, then the token (RFC 9110, section 11.4).
_CREDENTIALS = re.compile(rf"(?i:bearer) +({keys.PATTERN})")


class ApiKeyAuthentication(BaseAuthentication):
    """Makes `request.auth` the Caller whose key came with the request; `request.user` is None."""

    def authenticate(self, request: Request) -> tuple[None, Caller] | None:
        """Look the key up: one statement, and once a minute a second one to note its use.

        None where the request has no Authorization header; AuthenticationFailed (401) where the
        header is not a bearer key, and where the key is unknown or revoked.
        """
        header = request.META.get("HTTP_AUTHORIZATION")
        if header is None:
            return None
        credentials = _CREDENTIALS.fullmatch(header)
        if credentials is None:
            raise AuthenticationFailed("Expected Authorization: Bearer <API key>.", "invalid_key")
        active = ApiKey.objects.for_secret(credentials[1]).active()
        try:
            key = active.only("client_id", "scopes", "last_used_at").get()
        except ApiKey.DoesNotExist:
            raise AuthenticationFailed("This key is unknown or revoked.", "invalid_key") from None
        operations.touch_key(key=key)
        return None, Caller(client_id=key.client_id, scopes=frozenset(key.scopes))

    def authenticate_header(self, request: Request) -> str:
        """The challenge that turns a refusal into 401 rather than 403."""
        return 'Bearer realm="api"'
