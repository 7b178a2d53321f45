"""The view of the OpenAPI document."""

from functools import cache
from threading import Lock
from typing import Any

from django.http import HttpResponse
from drf_spectacular.settings import spectacular_settings
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from monoservices.api.exception_handling import as_problem, problem_response

_LOCK = Lock()


class SchemaView(SpectacularAPIView):
    """Sends the document, which a process makes once for each format.

    Making it takes some tenths of a second. Threads must not do it at the same time, because
    drf-spectacular keeps parts of the document in the classes of the views meanwhile.
    """

    @extend_schema(exclude=True)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        renderer = request.accepted_renderer
        with _LOCK:
            content = _document(type(renderer))  # type: ignore[arg-type] # classes are hashable
        charset = f"; charset={renderer.charset}" if renderer.charset else ""
        name = f"{spectacular_settings.TITLE}.{renderer.format}"
        return HttpResponse(
            content,
            content_type=f"{renderer.media_type}{charset}",
            headers={"Content-Disposition": f'inline; filename="{name}"'},
        )

    def get_exception_handler(self) -> Any:
        """Respond without the view's renderers, which are for the document alone."""
        return _respond


def _respond(error: Exception, context: dict[str, Any]) -> HttpResponse | None:
    problem = as_problem(error)
    return None if problem is None else problem_response(problem)


@cache
def _document(renderer: type[BaseRenderer]) -> bytes | str:
    generator = spectacular_settings.DEFAULT_GENERATOR_CLASS()
    schema = generator.get_schema(request=None, public=spectacular_settings.SERVE_PUBLIC)
    return renderer().render(schema, renderer_context={})
