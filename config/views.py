"""The project's own pages: the home page, health checks, and errors outside of API views."""

from collections.abc import Callable
from typing import Any

from django.core.cache import cache
from django.db import DatabaseError, connection
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.views import defaults
from django.views.decorators.http import require_safe

from monoservices.api.exception_handling import problem_response, wants_problem
from monoservices.api.problems import (
    Forbidden,
    Invalid,
    NotFound,
    Problem,
    Unavailable,
    problem_kinds,
)
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
        return problem_response(Unavailable("The database cannot be reached."))
    return JsonResponse({"status": "ok"})


@require_safe
def problem(request: HttpRequest, code: str) -> HttpResponse:
    """The page that the `type` of a problem document links to."""
    kind = problem_kinds().get(code)
    if kind is None:
        raise Http404
    return render(request, "problem.html", {"kind": kind})


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    return _error(request, Invalid("The request is not valid."), defaults.bad_request, exception)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    return _error(request, Forbidden(), defaults.permission_denied, exception)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    return _error(request, NotFound(), defaults.page_not_found, exception)


def server_error(request: HttpRequest) -> HttpResponseBase:
    return _error(request, Problem(), defaults.server_error)


def _error(
    request: HttpRequest,
    problem: Problem,
    page: Callable[..., HttpResponseBase],
    *arguments: Any,
) -> HttpResponseBase:
    return problem_response(problem) if wants_problem(request) else page(request, *arguments)


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
