"""How a request to the API says who sends it: `Authorization: Bearer tp_…`."""

from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from apps.accounts import keys, operations
from monoservices.api.problems import InvalidKey
from monoservices.services.scopes import Caller


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
        digest = keys.bearer_digest(header)
        if digest is None:
            raise AuthenticationFailed("Expected Authorization: Bearer <API key>.", InvalidKey.code)
        caller = operations.find_callers(digests=[digest]).get(digest)
        if caller is None:
            raise AuthenticationFailed(InvalidKey.default_detail, InvalidKey.code)
        return None, caller

    def authenticate_header(self, request: Request) -> str:
        """The challenge that turns a refusal into 401 rather than 403."""
        return keys.CHALLENGE
