"""Names for a new service and its first model: how they are derived, and which are refused."""

import keyword
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec

from django.apps import apps
from django.urls import URLResolver, get_resolver
from inflection import camelize, pluralize, singularize, underscore

from monoservices.services.config import services

MAX_LENGTH = 30
"""Constraints are named after service and model, and PostgreSQL keeps 63 bytes of such a name."""


class NameRefused(Exception):
    """A name that a service or its model cannot have. The message says why."""


@dataclass(frozen=True)
class Names:
    """The names of a service: `gift_cards`, its package `apps.gift_cards`, its model `GiftCard`.

    singular, plural: the model's name as parts of identifiers: `gift_card`, `gift_cards`.
    """

    label: str
    package: str
    model: str
    singular: str
    plural: str


def names(label: str, *, parent: str = "", model: str | None = None) -> Names:
    """The names of a service in the package `parent`, whose first model is called `model`.

    The default for `model` is the singular of the label. Raises NameRefused if one of the names is
    malformed or taken.
    """
    _check_label(label)
    package = f"{parent}.{label}" if parent else label
    if find_spec(package) is not None:
        raise NameRefused(f"There is a Python module {package} already.")
    default = camelize(singularize(label))
    chosen = model or default
    _check_model(chosen, label)
    singular = underscore(chosen)
    plural = label if chosen == default else pluralize(singular)
    return Names(label=label, package=package, model=chosen, singular=singular, plural=plural)


def _check_label(label: str) -> None:
    if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", label) or keyword.iskeyword(label):
        raise NameRefused(
            f"{label!r} cannot be a service's name: use lower-case letters, digits and single "
            "underscores, start with a letter, and avoid Python's keywords."
        )
    if len(label) > MAX_LENGTH:
        raise NameRefused(f"{label!r} is longer than {MAX_LENGTH} characters.")
    if label in apps.app_configs:
        raise NameRefused(f"There is an app {label!r} already.")
    path = f"{label.replace('_', '-')}/"
    if path in _paths(get_resolver()):
        raise NameRefused(f"There is a route {path} already.")


def _check_model(model: str, label: str) -> None:
    if not re.fullmatch(r"[A-Z][A-Za-z0-9]*", model) or keyword.iskeyword(model):
        raise NameRefused(f"{model!r} cannot be a model's name: write it like OrderLine.")
    if len(model) > MAX_LENGTH:
        raise NameRefused(f"{model!r} is longer than {MAX_LENGTH} characters.")
    # Routes, API operations and schemas are named after the model.
    for service in services():
        if any(each.__name__.lower() == model.lower() for each in service.get_models()):
            raise NameRefused(
                f"{service.label} has a model {model} already: choose another for {label} "
                "with --model."
            )


def _paths(resolver: URLResolver) -> Iterator[str]:
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            yield from _paths(entry)
        else:
            yield str(entry.pattern)
