"""The project's own pages: the home page, and errors outside of API views."""

import sys
from collections.abc import Callable
from typing import Any

from django.contrib.auth import get_permission_codename
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import is_valid_path
from django.views import defaults
from django.views.decorators.http import require_safe

from monoservices.api import problems
from monoservices.api.exception_handling import as_problem, problem_response, wants_problem
from monoservices.services.config import served_services

COUNTED = 10_000
"""As far as the home page counts the rows of a table: it never reads a large one whole."""


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The served services and their tables; to staff, also how many rows of each they may view."""
    services = [
        (
            service.verbose_name,
            [
                (model._meta.verbose_name_plural, _rows(model) if _may_view(request, model) else "")
                for model in service.get_models()
            ],
        )
        for service in served_services()
    ]
    return render(request, "home.html", {"services": services})


@require_safe
def problem(request: HttpRequest, code: str) -> HttpResponse:
    """The page that the `type` of a problem document links to."""
    kind = problems.problem_kinds().get(code)
    if kind is None:
        raise Http404
    return render(request, "problem.html", {"kind": kind})


def _handler(
    error: problems.Problem, page: Callable[..., HttpResponseBase]
) -> Callable[..., HttpResponseBase]:
    """Django's handler of an error: a problem document for the API, and `page` elsewhere."""

    def handle(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return problem_response(error) if wants_problem(request) else page(request, *args, **kwargs)

    return handle


bad_request = _handler(problems.Invalid("The request is not valid."), defaults.bad_request)
permission_denied = _handler(problems.Forbidden(), defaults.permission_denied)


def server_error(request: HttpRequest) -> HttpResponseBase:
    """The answer to an error that no view has answered: 503 if it passes, else 500."""
    error = sys.exception()
    problem = as_problem(error) if isinstance(error, Exception) else None
    if not isinstance(problem, problems.Unavailable):
        return _handler(problems.Problem(), defaults.server_error)(request)
    if wants_problem(request):
        return problem_response(problem)
    page = render_to_string("problem.html", {"kind": problem})
    return HttpResponse(page, status=problem.status, headers=problem.headers)


def page_not_found(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
    """404. If only the final slash is missing from an address of the API, it says so."""
    with_slash = f"{request.path_info}/"
    hint = f"There is nothing at this address, but at {with_slash}."
    error = problems.NotFound(hint if is_valid_path(with_slash) else "")
    return _handler(error, defaults.page_not_found)(request, *args, **kwargs)


def _may_view(request: HttpRequest, model: type[Model]) -> bool:
    options = model._meta
    return request.user.is_staff and request.user.has_perm(
        f"{options.app_label}.{get_permission_codename('view', options)}"
    )


def _rows(model: type[Model]) -> str:
    """How many rows a table has, or that it has more than COUNTED."""
    count = model._default_manager.all()[: COUNTED + 1].count()
    return f"more than {COUNTED:,}" if count > COUNTED else f"{count:,}"
