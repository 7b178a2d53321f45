"""Who calls, and whether the scopes of their API key allow the call."""

from abc import abstractmethod
from collections.abc import Callable, Collection
from typing import Any

from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.settings import api_settings

from monoservices.api.problems import InvalidKey
from monoservices.services.scopes import Caller


class KeyAuthentication(BaseAuthentication):
    """Sets `request.auth` to the Caller who holds the request's key; `request.user` is None.

    The project's class says what a key looks like and who holds it. Both lanes ask it.
    """

    challenge = 'Bearer realm="api"'
    """The WWW-Authenticate header of a 401 (RFC 9110, section 11.6.1)."""

    @staticmethod
    @abstractmethod
    def bearer_digest(authorization: str) -> str | None:
        """The digest of the key in an Authorization header, or None if it is not a bearer key."""

    @staticmethod
    @abstractmethod
    def ask_for_callers(*, digests: Collection[str]) -> Callable[[], dict[str, Caller]]:
        """Enqueue the look-up of keys, which may join a transaction of somebody else's.

        Returns what reads, once, the callers whose keys are active, by the digests of the keys.
        """

    @classmethod
    def find_callers(cls, *, digests: Collection[str]) -> dict[str, Caller]:
        """Return the callers whose keys are active, by the digests of the keys."""
        return cls.ask_for_callers(digests=digests)()

    def authenticate(self, request: Request) -> tuple[None, Caller] | None:
        """Look the key up.

        Returns None if the request has no Authorization header. Raises AuthenticationFailed (401)
        if the header is not a bearer key, or if the key is unknown or revoked.
        """
        header = request.META.get("HTTP_AUTHORIZATION")
        if header is None:
            return None
        digest = self.bearer_digest(header)
        if digest is None:
            raise AuthenticationFailed(InvalidKey.malformed_detail, InvalidKey.code)
        caller = self.find_callers(digests=[digest]).get(digest)
        if caller is None:
            raise AuthenticationFailed(InvalidKey.default_detail, InvalidKey.code)
        return None, caller

    def authenticate_header(self, request: Request) -> str:
        """The challenge that makes a refusal 401 rather than 403."""
        return self.challenge


def key_authentication() -> type[KeyAuthentication]:
    """The project's class of keys, from DRF's setting DEFAULT_AUTHENTICATION_CLASSES.

    Raises LookupError if there is none.
    """
    classes: Any = api_settings.DEFAULT_AUTHENTICATION_CLASSES  # the stubs say that they are texts
    for each in classes:
        if issubclass(each, KeyAuthentication):
            keys: type[KeyAuthentication] = each
            return keys
    raise LookupError("No class of DEFAULT_AUTHENTICATION_CLASSES is a KeyAuthentication.")


def caller(request: Request) -> Caller:
    """Return who sent a request that ScopePermission has let through."""
    if not isinstance(request.auth, Caller):
        raise TypeError("This view lets requests without a key through. Use ScopePermission.")
    return request.auth


def refusal_of_scope(view: Any, method: str, granted: Collection[str]) -> str:
    """Why a key with the scopes `granted` may not call this method of a view; empty if it may."""
    method = "GET" if method == "HEAD" else method
    if method == "OPTIONS" or method not in view.allowed_methods:
        return ""  # the view answers with its methods, or with 405
    scope = getattr(view, "scopes", {}).get(method)
    return "" if scope in granted else f"This key lacks the scope {scope}."


class ScopePermission(BasePermission):
    """Lets a request through if its key has the scope that the view requires for the method.

    A view states `scopes = {"GET": "orders:read", …}`. Methods that it does not state are closed
    to everybody. HEAD counts as GET.
    """

    message = "This key lacks a scope."

    def has_permission(self, request: Request, view: Any) -> bool:
        if not isinstance(request.auth, Caller):
            return False
        self.message = refusal_of_scope(view, str(request.method), request.auth.scopes)
        return not self.message
