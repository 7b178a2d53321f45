"""/metrics: for whoever shows the token, or is on the same machine where there is none.

A proxy on the same machine makes everybody look like a neighbour. So what comes through one that
says so in its headers is refused without a token, and so is everything where a proxy is configured.
"""

from ipaddress import IPv6Address, ip_address

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.http import require_safe

from monoservices.api.exception_handling import problem_response
from monoservices.api.problems import Forbidden

_FORWARDING = ("HTTP_X_FORWARDED_", "HTTP_FORWARDED", "HTTP_X_REAL_IP", "HTTP_VIA")


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """All metrics, of all worker processes; 403 for whom they are not for."""
    if not may_read(request):
        return problem_response(
            Forbidden(
                "Metrics are for those who show METRICS_TOKEN as a bearer token; without such a "
                "setting, for the same machine alone, with no proxy in between."
            )
        )
    from monoservices.metrics import prometheus  # see `monoservices.metrics.declaring`

    return HttpResponse(prometheus.exposition(), content_type=prometheus.CONTENT_TYPE_LATEST)


def may_read(request: HttpRequest) -> bool:
    """Whether the metrics are for whoever sent this request."""
    token = getattr(settings, "METRICS_TOKEN", "")
    if token:
        scheme, _, shown = request.headers.get("Authorization", "").partition(" ")
        return scheme.lower() == "bearer" and constant_time_compare(shown, token)
    return not _is_behind_a_proxy(request) and _is_loopback(request.META.get("REMOTE_ADDR", ""))


def _is_behind_a_proxy(request: HttpRequest) -> bool:
    forwarded = any(name.startswith(_FORWARDING) for name in request.META)
    return forwarded or bool(settings.SECURE_PROXY_SSL_HEADER)


def _is_loopback(address: str) -> bool:
    try:
        client = ip_address(address)
    except ValueError:  # such as that of a Unix socket, behind which there may be anybody
        return False
    if isinstance(client, IPv6Address) and client.ipv4_mapped:
        client = client.ipv4_mapped
    return client.is_loopback
