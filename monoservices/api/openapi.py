"""Makes the OpenAPI document from the views' `Endpoint`s, scopes, paths and authentication.

drf-spectacular describes methods without an `Endpoint` by itself.
"""

from collections.abc import Iterator
from http import HTTPStatus
from types import UnionType
from typing import Any, cast, get_args, get_origin

import uritemplate
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ComponentRegistry, resolve_django_path_parameter

from monoservices.api.endpoints import Endpoint
from monoservices.api.http import REPLAYED
from monoservices.api.openapi_problems import header, problem_responses
from monoservices.api.pagination import Page
from monoservices.api.struct_schemas import Json, register, struct_schemas
from monoservices.services.ownership import service_of_module

_TEXT: Json = {"type": "string"}
_FILE: Json = _TEXT | {"format": "binary"}


class ServiceSchema(AutoSchema):
    """Describes the methods of a view (DRF's DEFAULT_SCHEMA_CLASS)."""

    endpoint: Endpoint

    def get_operation(
        self, path: str, path_regex: str, path_prefix: str, method: str, registry: ComponentRegistry
    ) -> Json | None:
        declared = getattr(getattr(self.view, method.lower()), "endpoint", None)
        if declared is None:
            return super().get_operation(path, path_regex, path_prefix, method, registry)
        self.registry, self.endpoint = registry, declared
        self.path, self.path_regex, self.path_prefix = path, path_regex, path_prefix
        self.method = method.upper()
        needs = f"Needs the scope `{self._scope}`." if self._scope else ""
        operation = {
            "operationId": declared.operation_id,
            "summary": declared.operation_id.replace("_", " ").capitalize(),
            "description": "\n\n".join(filter(None, [self.get_description(), needs])),
            "tags": self.get_tags(),
            "security": self._security(),
            "parameters": [*self._path_parameters(), *self._query(), *self._headers()],
            "responses": self._responses()
            | problem_responses(
                registry,
                declared,
                method=self.method,
                path=path,
                has_scope=self._scope is not None,
            ),
        }
        if content := self._body():
            needed = {} if self.endpoint.takes_no_body else {"required": True}
            operation["requestBody"] = {"content": content} | needed
        return operation

    def get_tags(self) -> list[str]:
        """The service that the view belongs to."""
        service = service_of_module(type(self.view).__module__)
        return [service.label] if service else super().get_tags()

    @property
    def _scope(self) -> str | None:
        scope: str | None = getattr(self.view, "scopes", {}).get(self.method)
        return scope

    def _security(self) -> list[Json]:
        """The scopes that the key must have, which OpenAPI 3.1 lists with the requirement."""
        scopes = [self._scope] if self._scope else []
        return [dict.fromkeys(requirement, scopes) for requirement in self.get_auth()]

    def _path_parameters(self) -> Iterator[Json]:
        for name in uritemplate.variables(self.path):
            typed = resolve_django_path_parameter(self.path_regex, name, [])
            yield typed or _parameter("path", name, {"type": "string"}) | {"required": True}

    def _query(self) -> Iterator[Json]:
        if self.endpoint.query is None:
            return
        schemas = struct_schemas(self.endpoint.query)
        own = schemas.pop(self.endpoint.query.__name__)
        for name, schema in schemas.items():
            register(self.registry, name, schema)
        required = own.get("required", ())
        for name, of_parameter in own["properties"].items():
            parameter = _parameter("query", name, of_parameter)
            yield parameter | ({"required": True} if name in required else {})

    def _body(self) -> Json:
        """The schemas of the request body by media type; empty if the method takes no body."""
        if self.endpoint.body is not None:
            content: Json = {"schema": self._schema(self.endpoint.body, "request")}
            if examples := self.endpoint.examples:
                content["examples"] = {name: {"value": each} for name, each in examples.items()}
            return {"application/json": content}
        return {each: {"schema": _FILE} for each in self.endpoint.takes}

    def _headers(self) -> Iterator[Json]:
        if self.endpoint.idempotent:
            text = "The same request with the same key is carried out only once."
            schema = {"description": text, "type": "string", "pattern": "^[ -~]{1,255}$"}
            needed = {"required": True} if self.endpoint.needs_key else {}
            yield _parameter("header", "Idempotency-Key", schema) | needed
        if self.endpoint.versioned and self.method == "GET":
            text = "ETags that the client has. If one of them is that of now, the answer is 304."
            yield _parameter("header", "If-None-Match", {"description": text, "type": "string"})
        elif self.endpoint.versioned or self.endpoint.conditional:
            text = (
                "The ETag that was read. The request is rejected if the version has changed since."
            )
            schema = {"description": text, "type": "string", "pattern": '^"[0-9]{1,9}"$'}
            yield _parameter("header", "If-Match", schema)

    def _responses(self) -> Json:
        response: Json = {"description": HTTPStatus(self.endpoint.status).phrase}
        headers: Json = {}
        if self.endpoint.response is not None:
            schema = self._schema(self.endpoint.response, "response")
            response["content"] = {"application/json": {"schema": schema}}
        elif self.endpoint.gives:
            response["content"] = {each: {"schema": _TEXT} for each in self.endpoint.gives}
            headers["Content-Disposition"] = header("`attachment` and a name for the file.")
        if self.endpoint.idempotent:
            text = "`true` if an earlier request with the same key had this response."
            headers[REPLAYED] = header(text, enum=["true"])
        if self.endpoint.versioned:
            headers["ETag"] = header("The version, for If-Match.", required=True)
        responses = {
            str(self.endpoint.status): response | ({"headers": headers} if headers else {})
        }
        if self.endpoint.versioned and self.method == "GET":
            responses["304"] = {"description": "Not Modified", "headers": headers}
        return responses

    def _schema(self, described: Any, direction: str) -> Json:
        """A reference to the component of a struct, a serializer, or a Page; or to one of several.

        The structs of a union refuse each other's fields, so that a body matches only one.
        """
        if get_origin(described) is UnionType:
            return {"oneOf": [self._schema(each, direction) for each in get_args(described)]}
        if get_origin(described) is Page:
            return self._page(*get_args(described))
        reference: Json = self.resolve_serializer(described, cast("Any", direction)).ref
        return reference

    def _page(self, item: Any) -> Json:
        reference = self._schema(item, "response")
        name = f"{reference['$ref'].rsplit('/', 1)[1].removesuffix('Out')}Page"
        schema = struct_schemas(Page)["Page"] | {"title": name}
        schema["properties"]["results"]["items"] = reference
        return register(self.registry, name, schema)


def _parameter(location: str, name: str, schema: Json) -> Json:
    parameter = {"in": location, "name": name, "schema": schema}
    description = schema.pop("description", None)
    return parameter | ({"description": description} if description else {})
