"""Who calls, and whether the scopes of their key allow it."""

from typing import TYPE_CHECKING

from rest_framework.permissions import BasePermission

from monoservices.services.scopes import Caller

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.views import APIView


def caller(request: "Request") -> Caller:
    """Who sent a request that ScopePermission let through."""
    if not isinstance(request.auth, Caller):
        raise TypeError("This view is open to requests without a key.")
    return request.auth


class ScopePermission(BasePermission):
    """Lets a request through whose key has the scope that the view asks for its method.

    A view states `scopes = {"GET": "orders:read", …}`; a method that it does not state is open
    to nobody. HEAD counts as GET.
    """

    message = "This key lacks a scope."

    def has_permission(self, request: "Request", view: "APIView") -> bool:
        if not isinstance(request.auth, Caller):
            return False
        method = "GET" if request.method == "HEAD" else str(request.method)
        if method == "OPTIONS" or method not in view.allowed_methods:
            return True  # it tells which methods there are, or answers 405
        scope = getattr(view, "scopes", {}).get(method)
        self.message = f"This key lacks the scope {scope}."
        return scope in request.auth.scopes
