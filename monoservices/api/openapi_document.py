"""What the OpenAPI document says of the whole API: hooks for drf-spectacular's settings."""

from typing import Any

from monoservices.api.problems import problem_kinds
from monoservices.services.config import services


def describe_tags(result: Any, **context: Any) -> Any:
    """Describe each service that has operations (a POSTPROCESSING_HOOK)."""
    used = {
        tag
        for operations in result["paths"].values()
        for operation in operations.values()
        for tag in operation.get("tags", [])
    }
    result["tags"] = [
        {"name": service.label, "description": type(service).__doc__ or service.verbose_name}
        for service in services()
        if service.label in used
    ]
    return result


def list_codes(result: Any, **context: Any) -> Any:
    """List every code that this process can send (a POSTPROCESSING_HOOK)."""
    if document := result["components"].get("schemas", {}).get("ProblemDocument"):
        document["properties"]["code"]["enum"] = sorted(problem_kinds())
    return result


def drop_enum_ids(result: Any, **context: Any) -> Any:
    """Remove drf-spectacular's notes to its own hook for enumerations (a POSTPROCESSING_HOOK)."""
    match result:
        case dict():
            return {k: drop_enum_ids(v) for k, v in result.items() if k != "x-spec-enum-id"}
        case list():
            return [drop_enum_ids(each) for each in result]
    return result
