"""Who calls, and whether the scopes of their API key allow the call."""

from typing import TYPE_CHECKING

from rest_framework.permissions import BasePermission

from monoservices.services.scopes import Caller

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.views import APIView


def caller(request: "Request") -> Caller:
    """Return who sent a request that ScopePermission has let through."""
    if not isinstance(request.auth, Caller):
        raise TypeError("This view lets requests without a key through. Use ScopePermission.")
    return request.auth


class ScopePermission(BasePermission):
    """Lets a request through if its key has the scope that the view requires for the method.

    A view states `scopes = {"GET": "orders:read", …}`. Methods that it does not state are closed
    to everybody. HEAD counts as GET.
    """

    message = "This key lacks a scope."

    def has_permission(self, request: "Request", view: "APIView") -> bool:
        if not isinstance(request.auth, Caller):
            return False
        method = "GET" if request.method == "HEAD" else str(request.method)
        if method == "OPTIONS" or method not in view.allowed_methods:
            return True  # the view answers with its methods, or with 405
        scope = getattr(view, "scopes", {}).get(method)
        self.message = f"This key lacks the scope {scope}."
        return scope in request.auth.scopes
