"""Requests: how many, with which status, and how long they take."""

from collections.abc import Callable
from functools import lru_cache
from time import perf_counter

from django.http import HttpRequest, HttpResponseBase

from monoservices.metrics import publishing
from monoservices.metrics.declaring import Histogram, Series

REQUESTS = Histogram(
    "monoservices_request_seconds",
    "Requests, by the time from their last byte to their response.",
    labels=("method", "route", "status", "lane"),
    buckets=(0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0),
)

STARTED = "monoservices.started"
"""In a WSGI environment: when the request had arrived whole, by `perf_counter`."""

_METHODS = {"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"}


@lru_cache(1024)
def requests(method: str, route: str, status: int, lane: str) -> Series:
    """The series of such requests. Add the seconds from their last byte to their response.

    route: Django's route with a leading slash; "" if none was found or looked for.
    lane: `express`, `django`, or `none` for a request that reached no lane.
    """
    known = method if method in _METHODS else "other"  # clients may invent methods
    return REQUESTS.of(known, route, str(status), lane)


class CountRequests:
    """Middleware that counts Django's responses. It comes first, so that it sees all of them."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        started = request.META.get(STARTED) or perf_counter()
        publishing.start()  # here too, as other servers than ours may run this
        response = self._get_response(request)
        match = request.resolver_match
        route = f"/{match.route}" if match else ""
        series = requests(request.method or "", route, response.status_code, "django")
        series.add(perf_counter() - started)
        return response
