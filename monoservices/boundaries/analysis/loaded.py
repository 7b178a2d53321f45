"""Looks up dotted names in the loaded modules, and names of fields in models."""

import inspect
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeAlias, TypeGuard

from django.apps import apps
from django.contrib import auth
from django.core.exceptions import FieldDoesNotExist, ImproperlyConfigured
from django.db.models import Field, ForeignObjectRel, Manager, Model, QuerySet

from monoservices.services.crossings import communication_module
from monoservices.services.ownership import COMMUNICATION, service_of_module

if TYPE_CHECKING:  # importing it needs contenttypes to be installed
    from django.contrib.contenttypes.fields import GenericForeignKey

AnyField: TypeAlias = "Field[Any, Any] | ForeignObjectRel | GenericForeignKey"


def models_at(origin: str) -> set[type[Model]]:
    """The models whose rows an expression of this dotted origin gives, as far as is known.

    `shop.models.Order.objects.filter()` gives rows of Order, and
    `shop.models.Order.objects.get().lines` rows of OrderLine. A QuerySet or manager class gives
    rows of the models that use exactly this class.
    """
    found, names_below = _loaded(origin)
    for position, name in enumerate(names_below, start=1):
        if found is auth and name == "get_user_model()":
            found = _model_of_users()
        else:
            found = inspect.getattr_static(found, name.removesuffix("()"), None)
        if _has_table(found):
            return {_after(found, names_below[position:])}
        if inspect.isclass(found) and issubclass(found, QuerySet | Manager):
            return {each for each in apps.get_models() if _is_read_by(each, found)}
    return set()


def object_at(origin: str) -> Any:
    """The object that a dotted origin names in the loaded modules; None if it is unknown."""
    found, names_below = _loaded(origin)
    for name in names_below:
        found = inspect.getattr_static(found, name, None)
    return found


def field_of(model: type[Model], name: str, *, accessors: bool = False) -> "AnyField | None":
    """The field that a step of a look-up names, with relations from other models.

    accessors: whether the names of their attributes count too, such as `orderline_set`.
    """
    if name == "pk":
        return model._meta.pk
    with suppress(FieldDoesNotExist):
        return model._meta.get_field(name)
    relations = model._meta.related_objects if accessors else ()
    return next((each for each in relations if each.get_accessor_name() == name), None)


def _loaded(origin: str) -> tuple[Any, list[str]]:
    """The innermost loaded module in a dotted name, and the names below it."""
    parts = origin.split(".")
    service = service_of_module(origin) if COMMUNICATION in parts else None
    if service:  # Django does not load this module by itself
        communication_module(service)
    for end in range(len(parts), 0, -1):
        if module := sys.modules.get(".".join(parts[:end])):
            return module, parts[end:]
    return None, []


def _has_table(found: object) -> TypeGuard[type[Model]]:
    """Whether it is a concrete model."""
    return (
        inspect.isclass(found)
        and issubclass(found, Model)
        and found is not Model
        and not found._meta.abstract
    )


def _model_of_users() -> type[Model] | None:
    with suppress(ImproperlyConfigured):  # the user model is not installed
        return auth.get_user_model()
    return None


def _after(model: type[Model], names: list[str]) -> type[Model]:
    """The model that relations lead to: `lines` leads from Order to OrderLine."""
    for name in names:
        field = field_of(model, name, accessors=True)
        if field and field.is_relation and isinstance(field.related_model, type):
            model = field.related_model
    return model


def _is_read_by(model: type[Model], cls: type) -> bool:
    """Whether the model's default manager, or its QuerySet, has exactly this class."""
    manager = model._default_manager
    return cls in {type(manager), type(manager.all())} - {QuerySet, Manager}
