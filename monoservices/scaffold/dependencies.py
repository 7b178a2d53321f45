"""What a new service can ask of the services that it depends on, from the first: which ids exist.

It is read off the first model of each. That is little, and enough to show how a crossing is
written, and to have its column contract checked.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast
from uuid import UUID

from django.db.models import CharField, Field, IntegerField, Model, UUIDField
from inflection import pluralize, underscore

from monoservices.services.config import ServiceConfig, services


class DependencyRefused(Exception):
    """A service that a new one cannot depend on; the message says why."""


@dataclass(frozen=True)
class Dependency:
    """A crossing into another service.

    imported: what the communication module imports of `module`; model: what it is called there.
    key, key_type: name and Python type of the primary key. example: one that no row has.
    """

    label: str
    module: str
    imported: str
    model: str
    model_label: str
    manager: str
    function: str
    things: str
    key: str
    key_type: str
    example: str


_KEYS: dict[type["Field[object, object]"], tuple[str, str]] = {
    IntegerField: (int.__name__, "1"),
    CharField: (str.__name__, '"none"'),
    UUIDField: (UUID.__name__, "UUID(int=1)"),
}
"""Python type of a key, and how an example of it is written, by the class of its field."""


def dependencies(labels: Iterable[str]) -> list[Dependency]:
    """A crossing into each of these services. Raises DependencyRefused."""
    known = {service.label: service for service in services()}
    wanted = list(dict.fromkeys(labels))
    if unknown := [label for label in wanted if label not in known]:
        raise DependencyRefused(
            f"There is no service {unknown[0]!r}. There are: {', '.join(known) or 'none'}."
        )
    models = {label: _first_model(known[label]) for label in wanted}
    shared = Counter(model.__name__ for model in models.values())
    return [
        _dependency(label, model, is_shared=shared[model.__name__] > 1)
        for label, model in models.items()
    ]


def _first_model(service: ServiceConfig) -> type[Model]:
    models = [model for model in service.get_models() if not model._meta.proxy]
    # Those of rooms beside models.py are imported by it, and so come earlier.
    own = [model for model in models if model.__module__ == f"{service.name}.models"]
    if models:
        return (own or models)[0]
    raise DependencyRefused(
        f"{service.label} has no model whose rows could be looked up. Start the service without "
        f"it; once you call an operation of {service.label}, name it in depends_on."
    )


def _dependency(label: str, model: type[Model], *, is_shared: bool) -> Dependency:
    name, key = model.__name__, cast("Field[object, object]", model._meta.pk)
    alias = f"{label.title().replace('_', '')}{name}" if is_shared else name
    key_type, example = _key(key, label)
    return Dependency(
        label=label,
        module=model.__module__,
        imported=f"{name} as {alias}" if is_shared else name,
        model=alias,
        model_label=model._meta.label,
        manager=model._default_manager.name,
        function=f"existing_{underscore(alias)}_ids",
        things=pluralize(underscore(name)).replace("_", " "),
        key=key.name,
        key_type=key_type,
        example=example,
    )


def _key(key: "Field[object, object]", label: str) -> tuple[str, str]:
    for kind, type_and_example in _KEYS.items():
        if isinstance(key, kind):
            return type_and_example
    raise DependencyRefused(
        f"The ids of {label} are neither whole numbers nor texts nor UUIDs: start the service "
        "without it, and write its crossing yourself."
    )
