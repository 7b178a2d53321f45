"""/metrics: with METRICS_TOKEN, for anybody who sends it; without, for the same machine only.

Behind a proxy on the same machine, every request seems to come from the machine itself. So without
a token, a request is rejected if its headers name a proxy, or if the settings configure one.
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
    """Show all metrics of all worker processes, or 403."""
    if not may_read(request):
        return problem_response(
            Forbidden(
                "Send METRICS_TOKEN as a bearer token. If the setting is empty, metrics are only "
                "shown to the same machine, without a proxy in between."
            )
        )
    from monoservices.metrics import prometheus  # late: it needs the extra [server]

    return HttpResponse(prometheus.exposition(), content_type=prometheus.CONTENT_TYPE_LATEST)


def may_read(request: HttpRequest) -> bool:
    """Whether the sender of this request may read the metrics."""
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
    except ValueError:  # the peer of a Unix socket has no IP address, and may be anybody
        return False
    if isinstance(client, IPv6Address) and client.ipv4_mapped:
        client = client.ipv4_mapped
    return client.is_loopback
