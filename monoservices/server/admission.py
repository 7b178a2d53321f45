"""Decides from the head of a request whether its sender is known.

Only who is known may send a large body. Who may not gets the answer that the view would give,
before the body is read. A stranger's request has turns of its own.
"""

from django.urls import Resolver404, resolve
from rest_framework.exceptions import NotAuthenticated
from rest_framework.views import APIView

from monoservices.api.access import ScopePermission, key_authentication, refusal_of_scope
from monoservices.api.problems import InvalidKey, MissingScope, Unauthenticated
from monoservices.server.asgi import RawHeaders, Scope
from monoservices.server.callers import Callers


async def is_known(scope: Scope, callers: Callers) -> bool:
    """Whether a request's key allows the request; False if its address needs no key.

    The key is looked up now, whatever `callers` remembers.
    Raises Unauthenticated, InvalidKey, MissingScope, Unavailable, and database errors.
    """
    view = _view_with_scopes(scope["path"])
    if view is None:
        return False
    authorization = _authorization(scope["headers"])
    challenge = {"WWW-Authenticate": key_authentication().challenge}
    if authorization is None:
        raise Unauthenticated(str(NotAuthenticated.default_detail), headers=challenge)
    key = await callers.find(authorization, anew=True)
    if key is None:
        raise InvalidKey(InvalidKey.malformed_detail, headers=challenge)
    refusal = refusal_of_scope(view, scope["method"], key.caller.scopes)
    if refusal:
        raise MissingScope(refusal)
    return True


async def is_stranger(scope: Scope, callers: Callers) -> bool:
    """Whether a request needs a key, and has none that is valid.

    A key that `callers` remembers counts as valid. Raises Unavailable, and database errors.
    """
    authorization = _authorization(scope["headers"])
    if authorization is not None and callers.remembered(authorization) is not None:
        return False
    if _view_with_scopes(scope["path"]) is None:
        return False
    if authorization is None:
        return True
    try:
        return await callers.find(authorization) is None
    except InvalidKey:
        return True


def _view_with_scopes(path: str) -> APIView | None:
    """The view at `path`, if its callers need scopes."""
    try:
        view = getattr(resolve(path).func, "cls", None)
    except Resolver404:
        return None
    if view is None or ScopePermission not in view.permission_classes:
        return None
    instance: APIView = view()
    return instance


def _authorization(headers: RawHeaders) -> str | None:
    """The header Authorization as Django reads it, which joins several."""
    values = [value.decode("latin-1") for name, value in headers if name == b"authorization"]
    return ",".join(values) if values else None
