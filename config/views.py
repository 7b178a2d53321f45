"""The project's own pages: the home page, and errors outside of API views."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_permission_codename
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import is_valid_path
from django.views import defaults
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from config.first_runs import first_runs
from monoservices.api import problems
from monoservices.api.exception_handling import as_problem, problem_response, wants_problem
from monoservices.services.config import served_services

COUNTED = 10_000
"""As far as the home page counts the rows of a table: it never reads a large one whole."""

KEY = "YOUR_KEY"
"""What stands for the API key in a command on the home page."""

FAVICON = (Path(__file__).parent / "favicon.ico").read_bytes()


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Links. In a demo shop, also how to begin; to staff, the tables of the served services.

    Strangers cost no statement, and learn neither which services run nor what they hold.
    """
    context = {
        "demo": settings.DEMO,
        "begin": _commands(request) if settings.DEMO else [],
        "services": _tables(request) if request.user.is_staff else [],
    }
    return render(request, "home.html", context)


@require_safe
@cache_control(public=True, max_age=24 * 60 * 60)
def favicon(_: HttpRequest) -> HttpResponse:
    """The icon that browsers ask for beside every page."""
    return HttpResponse(FAVICON, content_type="image/x-icon")


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


def _commands(request: HttpRequest) -> list[dict[str, str]]:
    """Each command to begin with: title, text before and after the key, and what comes of it."""
    address = f"{request.scheme}://{request.get_host()}"
    commands = []
    for module in first_runs():
        title, command, result = module.first_command(address=address, key=KEY)
        before, key, after = command.partition(KEY)
        named = {"title": title, "before": before, "key": key, "after": after, "result": result}
        commands.append(named)
    return commands


def _tables(request: HttpRequest) -> list[tuple[str, list[tuple[str, str]]]]:
    """The served services with their tables, and how many rows of each this user may view."""
    return [
        (
            str(service.verbose_name),
            [
                (
                    str(model._meta.verbose_name_plural),
                    _rows(model) if _may_view(request, model) else "",
                )
                for model in service.get_models()
            ],
        )
        for service in served_services()
    ]


def _may_view(request: HttpRequest, model: type[Model]) -> bool:
    options = model._meta
    return request.user.is_staff and request.user.has_perm(
        f"{options.app_label}.{get_permission_codename('view', options)}"
    )


def _rows(model: type[Model]) -> str:
    """How many rows a table has, or that it has more than COUNTED."""
    count = model._default_manager.all()[: COUNTED + 1].count()
    return f"more than {COUNTED:,}" if count > COUNTED else f"{count:,}"
