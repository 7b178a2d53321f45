"""Authenticate with Tradepost's API keys as DRF's TokenAuthentication does, in one statement."""

import hashlib

from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from benchmarks.rivals.drf_reads.models import ApiKey


class ApiKeyAuthentication(BaseAuthentication):
    def authenticate(self, request: Request) -> tuple[None, ApiKey] | None:
        scheme, _, secret = get_authorization_header(request).partition(b" ")
        if scheme.lower() != b"bearer":
            return None
        try:
            key = ApiKey.objects.get(
                digest=hashlib.sha256(secret).hexdigest(), revoked_at__isnull=True
            )
        except ApiKey.DoesNotExist:
            raise AuthenticationFailed("Invalid key.") from None
        return None, key

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class HasApiKey(BasePermission):
    def has_permission(self, request: Request, view: object) -> bool:
        return request.auth is not None
