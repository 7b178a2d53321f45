"""What a new service and its first model are called, and whether those names are free."""

import keyword
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec

from django.apps import apps
from django.urls import URLResolver, get_resolver

from monoservices.services.config import services

MAX_LENGTH = 30
"""How long a name may be: PostgreSQL keeps 63 bytes of a constraint's."""


class NameRefused(Exception):
    """A name that a service or its model cannot have; the message says why."""


@dataclass(frozen=True)
class Names:
    """What a service is called: `gift_cards`, the package `apps.gift_cards`, the model `GiftCard`.

    singular, plural: of the model, as parts of identifiers: `gift_card`, `gift_cards`.
    """

    label: str
    package: str
    model: str
    singular: str
    plural: str


def names(label: str, *, parent: str = "", model: str | None = None) -> Names:
    """The names of a service.

    parent: the dotted name of the package that it goes into. model: what its first model is
        called; without it, the singular of the service's name.
    Raises NameRefused where one of them cannot be or is taken.
    """
    _refuse_label(label)
    package = f"{parent}.{label}" if parent else label
    if find_spec(package) is not None:
        raise NameRefused(f"There is a Python module {package} already.")
    chosen = model or _camel_case(singular_of(label))
    _refuse_model(chosen, label)
    singular = snake_case(chosen)
    plural = label if chosen == _camel_case(singular_of(label)) else plural_of(singular)
    return Names(label=label, package=package, model=chosen, singular=singular, plural=plural)


def singular_of(plural: str) -> str:
    """`payments` → `payment`, `categories` → `category`; what is no plural stays as it is."""
    if plural.endswith("ies") and len(plural) > 4:
        return f"{plural[:-3]}y"
    if plural.endswith(("sses", "shes", "ches", "xes", "zes")):
        return plural[:-2]
    if plural.endswith("s") and not plural.endswith(("ss", "us", "is")):
        return plural[:-1]
    return plural


def plural_of(singular: str) -> str:
    """`payment` → `payments`, `category` → `categories`, `address` → `addresses`."""
    if re.search(r"[^aeiou]y$", singular):
        return f"{singular[:-1]}ies"
    return f"{singular}es" if singular.endswith(("s", "sh", "ch", "x", "z")) else f"{singular}s"


def snake_case(name: str) -> str:
    """`OrderLine` → `order_line`, `APIKey` → `api_key`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def _camel_case(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


def _refuse_label(label: str) -> None:
    if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", label) or keyword.iskeyword(label):
        raise NameRefused(
            f"{label!r} cannot be a service's name: take small letters, digits and single "
            "underscores, with a letter first, and no word of Python's own."
        )
    if len(label) > MAX_LENGTH:
        raise NameRefused(f"{label!r} is longer than {MAX_LENGTH} characters.")
    if label in apps.app_configs:
        raise NameRefused(f"There is an app {label!r} already.")
    path = f"{label.replace('_', '-')}/"
    if path in _paths(get_resolver()):
        raise NameRefused(f"There is a route {path} already.")


def _refuse_model(model: str, label: str) -> None:
    if not re.fullmatch(r"[A-Z][A-Za-z0-9]*", model) or keyword.iskeyword(model):
        raise NameRefused(f"{model!r} cannot be a model's name: write it like OrderLine.")
    if len(model) > MAX_LENGTH:
        raise NameRefused(f"{model!r} is longer than {MAX_LENGTH} characters.")
    # The names of routes, of their operations and of schemas are made of the model's.
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
