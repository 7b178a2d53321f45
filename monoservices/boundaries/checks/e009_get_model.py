"""E009: a model of another service is looked up in Django's registries."""

import ast
from collections.abc import Iterator

from django.conf import settings

from monoservices.boundaries.analysis.names import Names, code
from monoservices.boundaries.rules import ANY_SERVICE, Finding, rule
from monoservices.services.config import ServiceConfig, services

_REGISTRIES = {"django.apps.apps", "django.apps.registry.apps"}
_CONTENT_TYPES = "django.contrib.contenttypes.models.ContentType."


@rule("E009")
def check(service: ServiceConfig) -> Iterator[Finding]:
    """A service names other services' models in its communication module, by imports."""
    others = {each.label for each in services() if each is not service} | {ANY_SERVICE}
    for names in code(service):
        for node in names.module.nodes:
            if isinstance(node, ast.Call | ast.Attribute):
                found = {label: by for label, by in _looked_up(names, node) if label in others}
                for label, by in found.items():
                    yield _finding(names, node, label, by)


def _looked_up(names: Names, node: ast.Call | ast.Attribute) -> Iterator[tuple[str | None, str]]:
    """The label of the app that is looked up, None if unknown, and the function that looks."""
    for origin in names.origins(node):
        owner, _, name = origin.rpartition(".")
        is_registry = owner in _REGISTRIES or owner.endswith("._meta.apps")
        match name:
            case "get_models()" | "all_models" if is_registry:
                yield ANY_SERVICE, name
            case "get_user_model()" if not names.module.is_communication:
                yield _label_of_users(owner), name
            case "get_by_natural_key()" if origin.startswith(_CONTENT_TYPES):
                yield names.module.text(_argument(node, "app_label")), "ContentType"
            case _ if origin.startswith(_CONTENT_TYPES) and isinstance(node, ast.Call):
                keywords = (each.value for each in node.keywords if each.arg == "app_label")
                yield from ((names.module.text(each), "ContentType") for each in keywords)
            case "get_app_config()":
                text = names.module.text(_argument(node, "app_label"))
                yield ANY_SERVICE if text is None and is_registry else text, name
            case "get_model()" | "get_registered_model()" if isinstance(node, ast.Call):
                text = names.module.text(_argument(node, "app_label"))
                if text is None:
                    yield ANY_SERVICE if is_registry else None, name
                elif "." in text or len(node.args) + len(node.keywords) > 1:
                    yield text.partition(".")[0], name


def _argument(call: ast.AST, keyword: str) -> ast.expr | None:
    """The argument of a call that has this name, or its first argument."""
    if not isinstance(call, ast.Call):
        return None
    named = [each.value for each in call.keywords if each.arg == keyword]
    return next(iter([*named, *call.args]), None)


def _label_of_users(module: str) -> str | None:
    if module not in {"django.contrib.auth", "django.contrib.auth.models"}:
        return None
    return settings.AUTH_USER_MODEL.partition(".")[0]


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
