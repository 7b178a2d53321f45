"""Which requests come in at all: by the host that they name, and by whether they came over TLS."""

from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponseBase
from django.urls import resolve

from monoservices.api.exception_handling import problem_response, wants_problem
from monoservices.api.problems import HttpsRequired, Invalid

GetResponse = Callable[[HttpRequest], HttpResponseBase]


class Gate:
    """Middleware that stands before all that looks at the host or redirects to HTTPS.

    - The paths in the setting PROBES go straight to their views. Probes ask past the proxy, by
      address, so they neither name a host of ours nor come over TLS.
    - A host that ALLOWED_HOSTS does not have is refused, without Django's traceback in the log.
    - With SECURE_SSL_REDIRECT, API calls over plain HTTP are refused. A client that is redirected
      works, and sends its key in clear with each request. Pages are redirected as ever.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path_info in getattr(settings, "PROBES", ()):
            match = request.resolver_match = resolve(request.path_info)
            response: HttpResponseBase = match.func(request, *match.args, **match.kwargs)
            return response
        try:
            request.get_host()
        except DisallowedHost:
            return problem_response(Invalid("The header Host names no host of this server."))
        if settings.SECURE_SSL_REDIRECT and not request.is_secure() and _is_api_call(request):
            return problem_response(HttpsRequired())
        return self._get_response(request)


def _is_api_call(request: HttpRequest) -> bool:
    """Whether this is more than a browser's request for a page of the API, such as its docs."""
    is_page = (
        request.method in {"GET", "HEAD"}
        and "Authorization" not in request.headers
        and "text/html" in request.headers.get("Accept", "")
    )
    return wants_problem(request) and not is_page
