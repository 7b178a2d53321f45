"""E009: a model of another service is looked up in Django's registries."""

import ast
from collections.abc import Iterator

from django.conf import settings

from monoservices.boundaries.analysis.names import Names, argument, code
from monoservices.boundaries.rules import ANY_SERVICE, Finding, rule
from monoservices.services.config import ServiceConfig, services

_AUTH = {"django.contrib.auth", "django.contrib.auth.models"}
_REGISTRIES = {"django.apps.apps", "django.apps.registry.apps"}
_CONTENT_TYPES = "django.contrib.contenttypes.models.ContentType."


@rule("E009")
def check(service: ServiceConfig) -> Iterator[Finding]:
    """A service names other services' models in its communication module, by imports."""
    others = {each.label for each in services() if each is not service} | {ANY_SERVICE}
    for names in code(service):
        for node in names.module.nodes:
            if isinstance(node, ast.Call | ast.Attribute):
                for label, by in dict(_looked_up(names, node)).items():
                    if label in others:
                        yield _finding(names, node, label, by)


def _looked_up(names: Names, node: ast.Call | ast.Attribute) -> Iterator[tuple[str | None, str]]:
    """The label of the app that is looked up, None if unknown, and the function that looks."""
    for origin in names.origins(node):
        owner, _, name = origin.rpartition(".")
        is_registry = owner in _REGISTRIES or owner.endswith("._meta.apps")
        if name in {"get_models()", "all_models"} and is_registry:
            yield ANY_SERVICE, name
        if not isinstance(node, ast.Call):
            continue
        label = names.module.text(argument(node, "app_label", 0))
        match name:
            case "get_user_model()" if owner in _AUTH and not names.module.is_communication:
                yield settings.AUTH_USER_MODEL.partition(".")[0], name
            case _ if origin.startswith(_CONTENT_TYPES):
                yield label, "ContentType"
            case "get_app_config()" | "get_model()" | "get_registered_model()" if label is None:
                yield ANY_SERVICE if is_registry else None, name
            case "get_app_config()":
                yield label, name
            case "get_model()" | "get_registered_model()":
                if "." in str(label) or len(node.args) + len(node.keywords) > 1:
                    yield str(label).partition(".")[0], name


def _finding(names: Names, node: ast.expr, other: str, by: str) -> Finding:
    service = names.module.service.label
    reached = (
        "a model that may belong to any service" if other == ANY_SERVICE else f"models of {other}"
    )
    return Finding(
        other,
        names.module.shown_path,
        node.lineno,
        f"{service} reaches {reached} by {by.removesuffix('()')}.",
        "Import your own models by name. For data of another service, write a function in"
        f" microservice_communication.py of {service}, which imports the model by name.",
    )
