"""The headers that every response of a view has."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest, HttpResponse
from rest_framework.renderers import BaseRenderer, JSONRenderer, StaticHTMLRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from monoservices.server.asgi import Headers
from monoservices.server.common_headers import common_headers
from monoservices.tests.metrics.reading import growth, samples


class NotesView(APIView):
    renderer_classes: tuple[type[BaseRenderer], ...] = (JSONRenderer,)

    def get(self, request: Request) -> None: ...

    def post(self, request: Request) -> None: ...


class PagesView(NotesView):
    renderer_classes = (JSONRenderer, StaticHTMLRenderer)


GetResponse = Callable[[HttpRequest], HttpResponse]
SEEN: list[HttpRequest] = []
ALWAYS = [
    (b"allow", b"GET, POST, HEAD, OPTIONS"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"referrer-policy", b"same-origin"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
]


def headers_of(view: type[APIView] = NotesView, *, secure: bool = False) -> Headers | None:
    headers = common_headers(view, "POST", "/notes/", secure=secure)
    return None if headers is None else sorted(headers)


def test_they_are_what_the_projects_middleware_and_drf_add(
    django_assert_num_queries: Any, db: None
) -> None:
    before = samples()
    with django_assert_num_queries(0):
        assert headers_of() == ALWAYS
    assert growth(before, "monoservices_request_seconds_count") == {}


def test_a_view_with_several_renderers_varies() -> None:
    assert headers_of(PagesView) == sorted([*ALWAYS, (b"vary", b"Accept")])


def test_hsts_is_for_tls_alone(settings: Any) -> None:
    settings.SECURE_HSTS_SECONDS = 3600
    assert headers_of() == ALWAYS
    hsts = (b"strict-transport-security", b"max-age=3600; includeSubDomains")
    settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    assert headers_of(secure=True) == sorted([*ALWAYS, hsts])


def test_what_middleware_redirects_is_djangos(settings: Any) -> None:
    settings.SECURE_SSL_REDIRECT = True
    assert headers_of() is None
    assert headers_of(secure=True) == ALWAYS


@pytest.mark.parametrize(
    ("hosts", "expected"),
    [(["*"], ALWAYS), ([".example.com"], ALWAYS), (["shop.example"], ALWAYS), ([], None)],
)
def test_every_setting_of_allowed_hosts_will_do(
    settings: Any, hosts: list[str], expected: Headers | None
) -> None:
    settings.ALLOWED_HOSTS = hosts
    assert headers_of() == expected


def marks(get_response: GetResponse) -> GetResponse:
    def middleware(request: HttpRequest) -> HttpResponse:
        SEEN.append(request)
        response = get_response(request)
        response["X-Seen"] = f"{request.method} {request.path}"
        return response

    return middleware


def is_not_used(get_response: GetResponse) -> GetResponse:
    raise MiddlewareNotUsed


def sets_a_cookie(get_response: GetResponse) -> GetResponse:
    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.set_cookie("visit", "1")
        return response

    return middleware


def replaces(get_response: GetResponse) -> GetResponse:
    return lambda request: HttpResponse("Closed.", status=503)


@pytest.mark.parametrize(
    ("middleware", "expected"),
    [
        ([marks, is_not_used], [*ALWAYS[:1], (b"x-seen", b"POST /notes/")]),
        ([marks, sets_a_cookie], None),
        ([marks, replaces], None),
        ([], ALWAYS[:1]),
    ],
)
def test_middleware_is_called_as_django_calls_it(
    settings: Any, middleware: list[Any], expected: Headers | None
) -> None:
    settings.MIDDLEWARE = [f"{__name__}.{each.__name__}" for each in middleware]
    SEEN.clear()
    assert headers_of() == expected
    assert len(SEEN) == (marks in middleware)
