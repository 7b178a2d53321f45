"""Which requests are clean: the express lane knows everything that they ask for."""

from collections.abc import Mapping
from functools import cache, lru_cache

from django.conf import settings
from django.http.request import split_domain_port, validate_host
from msgspec import Struct

from monoservices.api.hot_routes import READING
from monoservices.api.http import is_idempotency_key
from monoservices.server.asgi import Scope

ACCEPTED = {b"*/*", b"application/json", b"application/json, text/plain, */*"}
"""What common clients send, the last one browsers with axios."""


class ExpressRequest(Struct, frozen=True):
    """What the express lane needs to know of a clean request.

    authorization: the header as it was sent; empty if there is none.
    idempotency_key: a valid key, or None. query: the query string.
    if_none_match: the header of a request that reads; "" without it. if_match: of one that writes.
    is_secure: whether the request came over TLS. location: its URL without the query string.
    """

    authorization: str
    body: bytes = b""
    idempotency_key: str | None = None
    query: str = ""
    if_none_match: str = ""
    is_secure: bool = False
    location: str = ""
    if_match: str | None = None


def express_request(scope: Scope, body: bytes) -> ExpressRequest | None:
    """Return the request if it is clean, or None if Django must look at it.

    A clean request reads, or sends JSON without a query string. It accepts JSON, sends each header
    once, and names a host of ours. None does not mean that the request is wrong.
    """
    sent = scope["headers"]
    headers: dict[bytes, bytes] = dict(sent)
    # The cookie of a session changes the headers of the response.
    if len(headers) != len(sent) or b"cookie" in headers or b"content-encoding" in headers:
        return None
    if headers.get(b"accept", b"*/*") not in ACCEPTED:
        return None
    host = headers.get(b"host", b"").decode("latin-1")
    is_secure = _is_secure(scope, headers)
    if not _is_allowed(host, tuple(settings.ALLOWED_HOSTS)) or is_secure is None:
        return None
    query = scope["query_string"].decode("latin-1")
    reads = scope["method"] in READING
    if body if reads else not _is_writing(headers, query):
        return None
    key = headers.get(b"idempotency-key")
    return ExpressRequest(
        headers.get(b"authorization", b"").decode("latin-1"),
        body,
        None if reads or key is None else key.decode("latin-1"),
        query,
        headers.get(b"if-none-match", b"").decode("latin-1") if reads else "",
        is_secure,
        f"{'https' if is_secure else 'http'}://{host}{scope['path']}",
        None if reads or b"if-match" not in headers else headers[b"if-match"].decode("latin-1"),
    )


def _is_writing(headers: Mapping[bytes, bytes], query: str) -> bool:
    if query or headers.get(b"content-type") != b"application/json":
        return False
    key = headers.get(b"idempotency-key")
    return key is None or is_idempotency_key(key.decode("latin-1"))


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
