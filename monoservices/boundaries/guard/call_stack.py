"""Finds the frames of services on the call stack, and so on whose behalf a statement runs.

Frames of Django, of other libraries, of `monoservices` and of the project itself are neutral. The
walk goes outwards from the statement. It ends at a caller that does not know which service it
calls: a test, the URL resolver, and the code that runs the middleware, authentication and context
processors that the settings name.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from django.db.models import Model

from monoservices.services.config import ServiceConfig
from monoservices.services.ownership import (
    COMMUNICATION,
    is_test_name,
    part_of,
    service_of_model,
    service_of_module,
)
from monoservices.services.source import shown_path


@dataclass(frozen=True, slots=True)
class Place:
    """Where code of a service stands: in its communication module or elsewhere."""

    service: ServiceConfig
    is_communication: bool = False


@dataclass(slots=True)
class Call:
    """A run of neighbouring frames of one place.

    frame: the innermost of the frames. entry: the outermost. name: of the class or function that
        runs, if the frame does not show it.
    """

    place: Place
    frame: FrameType
    entry: FrameType
    name: str = ""

    def __str__(self) -> str:
        code = self.frame.f_code
        path = shown_path(Path(code.co_filename))
        return self.name or f"{path}:{self.frame.f_lineno} ({code.co_qualname})"


Ending = Callable[[FrameType, list[Call], bool], bool]
"""Tells whether the walk ends at this frame. It receives the calls further in, to which it may add
one, and whether the statement only reads."""


def calls(
    frame: FrameType | None, place_of: Callable[[Any], Place | Ending | None], *, is_read: bool
) -> list[Call]:
    """The calls of services that lead to the frame, innermost first; none if no service called.

    place_of: `place_of_module`, or a cache of it.
    """
    found: list[Call] = []
    last: Place | None = None
    while frame is not None:
        place = place_of(frame.f_globals.get("__name__"))
        if place is None:
            pass
        elif place is last:
            found[-1].entry = frame
        elif isinstance(place, Place):
            found.append(Call(place, frame, entry=frame))
            last = place
        elif place(frame, found, is_read):
            break
        frame = frame.f_back
    return found


def place_of_module(name: Any) -> Place | Ending | None:
    """The place of the module with this name; None for a neutral module."""
    if not isinstance(name, str):
        return None
    if is_test_module(name):
        return _nobody
    if ending := _ENDINGS.get(name):
        return ending
    service = service_of_module(name)
    return Place(service, part_of(name, service) == COMMUNICATION) if service else None


def is_test_module(module: str) -> bool:
    """Whether the module belongs to tests, which may touch everything."""
    return module.startswith("monoservices.testing") or any(map(is_test_name, module.split(".")))


def _nobody(frame: FrameType, found: list[Call], is_read: bool) -> bool:
    """The caller does not know which service it calls: a test, or code that settings choose."""
    return True


def _request(frame: FrameType, found: list[Call], is_read: bool) -> bool:
    """The URL resolver. A statement of a generic view or the admin runs for the view's service."""
    if not found and frame.f_code.co_name in {"_get_response", "_get_response_async"}:
        match = getattr(frame.f_locals.get("request"), "resolver_match", None)
        if match is not None:
            found += _call_for(_view_owners(match.func), frame)
    return True


def _migration(frame: FrameType, found: list[Call], is_read: bool) -> bool:
    """A migration. Its operations have no frame of the service, but run for it."""
    if not found and frame.f_code.co_name in {"apply", "unapply"}:
        found += _call_for([type(frame.f_locals.get("self"))], frame)
    return bool(found)


def _permission(frame: FrameType, found: list[Call], is_read: bool) -> bool:
    """The code that asks the permission backends that the settings name."""
    return frame.f_code.co_name in {
        "_user_get_permissions",
        "_user_has_perm",
        "_user_has_module_perms",
    }


def _after_commit(frame: FrameType, found: list[Call], is_read: bool) -> bool:
    """The code that commits does not know which functions wait for the commit."""
    return bool(found) and frame.f_code.co_name == "run_and_clear_commit_hooks"


def _deletion(frame: FrameType, found: list[Call], is_read: bool) -> bool:
    """Before a deletion, Django reads the rows that refer to it; only its changes count.

    Until `collect` has `new_objs`, it reads the rows that the caller wants to delete.
    """
    is_collecting = frame.f_code.co_name == "collect" and "new_objs" in frame.f_locals
    return is_read and not found and is_collecting


_ENDINGS: Mapping[str, Ending] = {
    "django.contrib.auth": _nobody,
    "django.contrib.auth.backends": _nobody,
    "django.contrib.auth.middleware": _nobody,
    "django.contrib.auth.models": _permission,
    "django.core.handlers.base": _request,
    "django.core.handlers.exception": _nobody,
    "django.db.backends.base.base": _after_commit,
    "django.db.migrations.migration": _migration,
    "django.db.models.deletion": _deletion,
    "django.template.context": _nobody,
    "monoservices.server.callers": _nobody,
    "rest_framework.request": _nobody,
}


def _view_owners(view: Any) -> Iterator[Any]:
    """What tells the service of a view: an admin's class and model, a view's class, a function."""
    if admin := getattr(view, "model_admin", None):
        yield from (type(admin), admin.model)
    yield from filter(None, (getattr(view, name, None) for name in ("view_class", "cls")))
    yield getattr(view, "func", view)


def _call_for(owners: Iterable[Any], frame: FrameType) -> list[Call]:
    """A call for the first class or function that belongs to a service; none if none does."""
    for owner in owners:
        if isinstance(owner, type) and issubclass(owner, Model):
            service = service_of_model(owner)
        else:
            service = service_of_module(str(owner.__module__))
        if service is not None:
            name = f"{owner.__module__}.{owner.__qualname__}"
            return [Call(Place(service), frame, frame, name)]
    return []
