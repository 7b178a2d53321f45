"""The headers that every response of a view has, whatever the request: DRF's and the middleware's.

The express lane does not run the middleware. It sends these headers, worked out once at start-up.
"""

from collections.abc import Callable
from contextlib import suppress
from io import BytesIO

from django.conf import settings
from django.core.exceptions import DisallowedHost, MiddlewareNotUsed
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.module_loading import import_string
from rest_framework.views import APIView

from monoservices.metrics.requests import CountRequests
from monoservices.server.asgi import Headers

_OWN_HEADERS = {"content-length", "content-type"}


def common_headers(view: type[APIView], method: str, path: str, *, secure: bool) -> Headers | None:
    """Pass a bare response of `view` through the middleware, and return its headers.

    secure: whether the requests come over TLS, because then middleware may add HSTS.
    None: the middleware answers such requests itself or sets cookies, so only Django can.
    """
    host = next(iter(settings.ALLOWED_HOSTS), "localhost")
    environ = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "SERVER_NAME": "localhost" if host == "*" else host,
        "SERVER_PORT": "443" if secure else "80",
        "wsgi.url_scheme": "https" if secure else "http",
        "wsgi.input": BytesIO(),
    }
    request = WSGIRequest(environ)
    instance = view()
    instance.setup(request)  # adds HEAD to GET
    response = HttpResponse(headers=instance.default_response_headers)

    try:
        passed = _with_middleware(lambda _: response)(request)
    except DisallowedHost:  # ALLOWED_HOSTS is empty
        return None
    if passed is not response or response.cookies:
        return None
    return [
        (name.lower().encode("latin-1"), value.encode("latin-1"))
        for name, value in response.items()
        if name.lower() not in _OWN_HEADERS
    ]


GetResponse = Callable[[HttpRequest], HttpResponseBase]


def _with_middleware(get_response: GetResponse) -> GetResponse:
    """Wrap `get_response` in the project's middleware, but for what counts requests."""
    for dotted_path in reversed(settings.MIDDLEWARE):
        middleware = import_string(dotted_path)
        if middleware is not CountRequests:
            with suppress(MiddlewareNotUsed):
                get_response = middleware(get_response)
    return get_response
