"""The JSON Schemas of msgspec structs, as components of an OpenAPI document."""

from typing import Any

import msgspec
from drf_spectacular.extensions import OpenApiSerializerExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ComponentIdentity, ComponentRegistry, ResolvedComponent

Json = dict[str, Any]

_REF = "#/components/schemas/{name}"


class StructExtension(OpenApiSerializerExtension):
    """Makes drf-spectacular accept a msgspec struct in place of a serializer."""

    target_class = "msgspec.Struct"
    match_subclasses = True

    def get_name(self, auto_schema: AutoSchema, direction: Any) -> str:
        return str(self.target.__name__)

    def get_identity(self, auto_schema: AutoSchema, direction: Any) -> Any:
        return ComponentIdentity(struct_schemas(self.target)[self.target.__name__])

    def map_serializer(self, auto_schema: AutoSchema, direction: Any) -> Json:
        schemas = struct_schemas(self.target)
        own = schemas.pop(self.target.__name__)
        for name, schema in schemas.items():
            register(auto_schema.registry, name, schema)
        return own


def struct_schemas(struct: type[msgspec.Struct]) -> dict[str, Json]:
    """Return the JSON Schemas of a struct and of everything inside it, by struct name or title."""
    _, schemas = msgspec.json.schema_components([struct], ref_template=_REF)
    titled: dict[str, Json] = {}
    for name, schema in schemas.items():
        schema["properties"] = _translate(schema["properties"], titled)
        titled[name] = schema
    return titled


def register(registry: ComponentRegistry, name: str, schema: Json) -> Json:
    """Add a component unless it exists, and return a reference to it."""
    component = ResolvedComponent(
        name, ResolvedComponent.SCHEMA, schema=schema, object=ComponentIdentity(schema)
    )
    registry.register_on_missing(component)
    reference: Json = component.ref
    return reference


def _translate(schema: Any, titled: dict[str, Json]) -> Any:
    """Move schemas with a title to `titled`, and write what code generators understand.

    Patterns become those of ECMA 262, and enumerations have a type. An object with the mark
    `x-free-form` has any content: generators make nothing useful of nested unions, and some cannot
    read a type that contains itself.
    """
    if isinstance(schema, list):
        return [_translate(item, titled) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.pop("x-free-form", False):
        schema.pop("propertyNames", None)
        schema["additionalProperties"] = True
    translated = {key: _translate(value, titled) for key, value in schema.items()}
    if isinstance(pattern := translated.get("pattern"), str):
        translated["pattern"] = pattern.replace(r"\Z", "$").replace(r"\x", r"\u00")
    if all(isinstance(value, str) for value in translated.get("enum", [None])):
        translated.setdefault("type", "string")
    if isinstance(title := translated.get("title"), str):
        titled[title] = translated
        return {"$ref": _REF.format(name=title)}
    return translated
