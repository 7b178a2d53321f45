"""The project's own pages: the home page, health checks, and errors outside of API views."""

from collections.abc import Callable
from typing import Any

from django.core.cache import cache
from django.db import DatabaseError, connection
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.views import defaults
from django.views.decorators.http import require_safe

from monoservices.api import problems
from monoservices.api.exception_handling import problem_response, wants_problem
from monoservices.services.config import served_services

COUNTS_LIVE_SECONDS = 5


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The served services, with the number of rows in each table."""
    counts = cache.get_or_set("home-counts", _counts, COUNTS_LIVE_SECONDS)
    return render(request, "home.html", {"services": counts})


@require_safe
def livez(request: HttpRequest) -> JsonResponse:
    """200 if the process responds."""
    return JsonResponse({"status": "ok"})


@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """200 if the process can reach its database. A lost connection is replaced."""
    if not (_is_reached() or _is_reached()):
        return problem_response(problems.Unavailable("The database cannot be reached."))
    return JsonResponse({"status": "ok"})


@require_safe
def problem(request: HttpRequest, code: str) -> HttpResponse:
    """The page that the `type` of a problem document links to."""
    kind = problems.problem_kinds().get(code)
    if kind is None:
        raise Http404
    return render(request, "problem.html", {"kind": kind})


def _handler(error: problems.Problem, page: Callable[..., HttpResponseBase]) -> Any:
    """Django's handler of an error: a problem document for the API, and `page` elsewhere."""

    def handle(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return problem_response(error) if wants_problem(request) else page(request, *args, **kwargs)

    return handle


bad_request = _handler(problems.Invalid("The request is not valid."), defaults.bad_request)
permission_denied = _handler(problems.Forbidden(), defaults.permission_denied)
page_not_found = _handler(problems.NotFound(), defaults.page_not_found)
server_error = _handler(problems.Problem(), defaults.server_error)


def _is_reached() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        connection.close()
        return False
    return True


def _counts() -> list[tuple[str, list[tuple[str, int]]]]:
    return [
        (
            str(service.verbose_name),
            [
                (str(model._meta.verbose_name_plural), model._default_manager.count())
                for model in service.get_models()
            ],
        )
        for service in served_services()
    ]
