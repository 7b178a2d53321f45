"""Which requests are clean: the express lane knows everything that they ask for."""

from collections.abc import Mapping
from functools import cache, lru_cache

from django.conf import settings
from django.http.request import split_domain_port, validate_host
from msgspec import Struct

from monoservices.api.http import is_idempotency_key
from monoservices.server.asgi import Scope

ACCEPTED = {b"*/*", b"application/json"}


class ExpressRequest(Struct, frozen=True):
    """What a hot route needs to know of a clean request.

    authorization: the header as it was sent; empty if there is none.
    idempotency_key: a valid key, or None.
    is_secure: whether the request came over TLS.
    """

    authorization: str
    idempotency_key: str | None
    body: bytes
    is_secure: bool = False


def express_request(scope: Scope, body: bytes) -> ExpressRequest | None:
    """Return the request if it is clean, or None if Django must look at it.

    A clean request sends JSON, accepts JSON, sends each header once, and names a host of ours.
    None does not mean that the request is wrong.
    """
    sent = scope["headers"]
    headers: dict[bytes, bytes] = dict(sent)
    # The cookie of a session changes the headers of the response.
    if len(headers) != len(sent) or scope["query_string"] or b"cookie" in headers:
        return None
    if headers.get(b"content-type") != b"application/json" or b"content-encoding" in headers:
        return None
    if headers.get(b"accept", b"*/*") not in ACCEPTED:
        return None
    host = headers.get(b"host", b"").decode("latin-1")
    is_secure = _is_secure(scope, headers)
    if not _is_allowed(host, tuple(settings.ALLOWED_HOSTS)) or is_secure is None:
        return None
    key = headers.get(b"idempotency-key")
    if key is not None and not is_idempotency_key(key.decode("latin-1")):
        return None
    return ExpressRequest(
        headers.get(b"authorization", b"").decode("latin-1"),
        None if key is None else key.decode("latin-1"),
        body,
        is_secure,
    )


@lru_cache(maxsize=256)
def _is_allowed(host: str, allowed: tuple[str, ...]) -> bool:
    domain, _ = split_domain_port(host)
    return bool(domain) and validate_host(domain, allowed)


def _is_secure(scope: Scope, headers: Mapping[bytes, bytes]) -> bool | None:
    """Whether the request came over TLS; None if Django must say, or will refuse it for that.

    A trusted proxy's header counts for more than the connection, as Django has it.
    """
    is_secure: bool = scope["scheme"] == "https"
    if settings.SECURE_PROXY_SSL_HEADER is not None:
        variable, secure = settings.SECURE_PROXY_SSL_HEADER
        value = headers.get(_header_name(variable))
        if value is not None:
            if b"," in value:
                return None
            is_secure = value == secure.encode()
    return None if settings.SECURE_SSL_REDIRECT and not is_secure else is_secure


@cache
def _header_name(variable: str) -> bytes:
    """The header that a WSGI variable such as HTTP_X_FORWARDED_PROTO stands for."""
    return variable.removeprefix("HTTP_").replace("_", "-").lower().encode()
