"""How the API knows who sends a request: `Authorization: Bearer tp_…`."""

from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from apps.accounts import keys, operations
from monoservices.api.problems import InvalidKey
from monoservices.services.scopes import Caller


class ApiKeyAuthentication(BaseAuthentication):
    """Sets `request.auth` to the Caller who holds the request's key; `request.user` is None."""

    def authenticate(self, request: Request) -> tuple[None, Caller] | None:
        """Look the key up: one statement, and once a minute a second one that notes its use.

        Returns None if the request has no Authorization header. Raises AuthenticationFailed (401)
        if the header is not a bearer key, or if the key is unknown or revoked.
        """
        header = request.META.get("HTTP_AUTHORIZATION")
        if header is None:
            return None
        digest = keys.bearer_digest(header)
        if digest is None:
            raise AuthenticationFailed("Expected Authorization: Bearer <API key>.", InvalidKey.code)
        caller = operations.find_callers(digests=[digest]).get(digest)
        if caller is None:
            raise AuthenticationFailed(InvalidKey.default_detail, InvalidKey.code)
        return None, caller

    def authenticate_header(self, request: Request) -> str:
        """The challenge that makes a refusal 401 rather than 403."""
        return keys.CHALLENGE
