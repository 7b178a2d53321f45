"""Which requests are clean: nothing about them needs more than the express lane knows."""

from collections.abc import Mapping
from functools import lru_cache

from django.conf import settings
from django.http.request import split_domain_port, validate_host
from msgspec import Struct

from monoservices.api.http import is_idempotency_key
from monoservices.server.asgi import Scope

ACCEPTED = {b"*/*", b"application/json"}


class ExpressRequest(Struct, frozen=True):
    """What a hot route needs to know of a clean request.

    authorization: the header as it came, empty where there is none.
    idempotency_key: well-formed, or None.
    """

    authorization: str
    idempotency_key: str | None
    body: bytes


def express_request(scope: Scope, body: bytes) -> ExpressRequest | None:
    """The request, if it is clean: of JSON, for JSON, once each header, to a host of ours.

    None says that Django has to look at it, and not that it is wrong.
    """
    sent = scope["headers"]
    headers: dict[bytes, bytes] = dict(sent)
    # A session's cookie makes the headers of the answer differ.
    if len(headers) != len(sent) or scope["query_string"] or b"cookie" in headers:
        return None
    if headers.get(b"content-type") != b"application/json":
        return None
    if headers.get(b"accept", b"*/*") not in ACCEPTED:
        return None
    host = headers.get(b"host", b"").decode("latin-1")
    if not _is_allowed(host, tuple(settings.ALLOWED_HOSTS)) or not _is_secure(scope, headers):
        return None
    key = headers.get(b"idempotency-key")
    if key is not None and not is_idempotency_key(key.decode("latin-1")):
        return None
    return ExpressRequest(
        headers.get(b"authorization", b"").decode("latin-1"),
        None if key is None else key.decode("latin-1"),
        body,
    )


@lru_cache(maxsize=256)
def _is_allowed(host: str, allowed: tuple[str, ...]) -> bool:
    domain, _ = split_domain_port(host)
    return bool(domain) and validate_host(domain, allowed)


def _is_secure(scope: Scope, headers: Mapping[bytes, bytes]) -> bool:
    """Whether the request came over TLS, or need not have; a trusted proxy knows better than we."""
    if not settings.SECURE_SSL_REDIRECT:
        return True
    header: tuple[str, str] | None = getattr(settings, "SECURE_PROXY_SSL_HEADER", None)
    if header is not None:
        variable, secure = header
        name = variable.removeprefix("HTTP_").replace("_", "-").lower().encode()
        if name in headers:
            return headers[name] == secure.encode()
    return bool(scope["scheme"] == "https")
