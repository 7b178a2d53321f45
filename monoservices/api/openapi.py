"""Makes the OpenAPI document from the views' `Endpoint`s, scopes, paths and authentication.

drf-spectacular describes methods without an `Endpoint` by itself.
"""

from collections.abc import Iterator, Sequence
from http import HTTPStatus
from typing import Annotated, Any, cast, get_args, get_origin

import uritemplate
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ComponentRegistry, resolve_django_path_parameter

from monoservices.api import problems
from monoservices.api.endpoints import Endpoint
from monoservices.api.http import REPLAYED
from monoservices.api.pagination import Page
from monoservices.api.problems import Problem
from monoservices.api.struct_schemas import Json, register, struct_schemas


class ServiceSchema(AutoSchema):
    """Describes the methods of a view (DRF's DEFAULT_SCHEMA_CLASS)."""

    endpoint: Endpoint

    def get_operation(
        self,
        path: str,
        path_regex: str,
        path_prefix: str,
        method: str,
        registry: ComponentRegistry,
    ) -> Json | None:
        declared = getattr(getattr(self.view, method.lower()), "endpoint", None)
        if declared is None:
            return super().get_operation(path, path_regex, path_prefix, method, registry)
        self.registry, self.endpoint = registry, declared
        self.path, self.path_regex, self.path_prefix = path, path_regex, path_prefix
        self.method = method.upper()
        operation = {
            "operationId": declared.operation_id,
            "summary": declared.operation_id.replace("_", " ").capitalize(),
            "description": "\n\n".join(filter(None, [self.get_description(), self._needs()])),
            "tags": self.get_tags(),
            "security": self._security(),
            "parameters": [*self._path_parameters(), *self._query(), *self._headers()],
            "responses": self._responses() | self._problems(),
        }
        if content := self._body():
            operation["requestBody"] = {"content": content, "required": True}
        return operation

    @property
    def _scope(self) -> str | None:
        scope: str | None = getattr(self.view, "scopes", {}).get(self.method)
        return scope

    def _needs(self) -> str:
        return f"Needs the scope `{self._scope}`." if self._scope else ""

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
        schema = struct_schemas(self.endpoint.query)[self.endpoint.query.__name__]
        for name, of_parameter in schema["properties"].items():
            yield _parameter("query", name, of_parameter)

    def _body(self) -> Json:
        """The schemas of the request body by media type; empty if the method takes no body."""
        if self.endpoint.body is not None:
            return {"application/json": {"schema": self._schema(self.endpoint.body, "request")}}
        return _files(self.endpoint.takes)

    def _headers(self) -> Iterator[Json]:
        if self.endpoint.idempotent:
            text = "The same request with the same key is carried out only once."
            pattern = "^[ -~]{1,255}$"
            yield _parameter("header", "Idempotency-Key", _text(text, pattern=pattern))
        if self.endpoint.versioned and self.method != "GET":
            text = (
                "The ETag that was read. The request is rejected if the version has changed since."
            )
            yield _parameter("header", "If-Match", _text(text, pattern='^"[0-9]{1,9}"$'))

    def _responses(self) -> Json:
        response: Json = {"description": HTTPStatus(self.endpoint.status).phrase}
        if self.endpoint.response is not None:
            schema = self._schema(self.endpoint.response, "response")
            response["content"] = {"application/json": {"schema": schema}}
        elif self.endpoint.gives:
            response["content"] = _files(self.endpoint.gives)
        headers = {}
        if self.endpoint.idempotent:
            text = "`true` if an earlier request with the same key had this response."
            headers[REPLAYED] = _header(text, enum=["true"])
        if self.endpoint.versioned:
            headers["ETag"] = _header("The version, for If-Match.", required=True)
        return {str(self.endpoint.status): response | ({"headers": headers} if headers else {})}

    def _problems(self) -> Json:
        kinds: dict[int, dict[str, type[Problem]]] = {}
        for kind in [*self._shared_problems(), *self.endpoint.refusals]:
            kinds.setdefault(kind.status, {})[kind.code] = kind
        return {str(status): self._problem(status, kinds[status]) for status in sorted(kinds)}

    def _shared_problems(self) -> Iterator[type[Problem]]:
        if self._scope:
            yield from (problems.Unauthenticated, problems.InvalidKey, problems.MissingScope)
        if "{" in self.path:
            yield problems.NotFound
        if self._body():
            yield from (problems.Malformed, problems.TooLarge, problems.UnsupportedMediaType)
        if self._body() or any([*self._query(), *self._headers()]):
            yield problems.Invalid
        yield from (problems.NotAcceptable, problems.Unavailable)

    def _problem(self, status: int, kinds: dict[str, type[Problem]]) -> Json:
        schema = self._schema(problems.ProblemDocument, "response")
        schema = schema | {"properties": {"code": {"enum": sorted(kinds)}}}
        response: Json = {
            "description": "\n".join(
                f"- `{code}`: {kinds[code].default_detail}" for code in sorted(kinds)
            ),
            "content": {problems.CONTENT_TYPE: {"schema": schema}},
        }
        if status == problems.Unauthenticated.status:
            response["headers"] = {"WWW-Authenticate": _header("`Bearer`.", required=True)}
        if status == problems.Unavailable.status:
            response["headers"] = {"Retry-After": _header("In seconds.", required=True)}
        return response

    def _schema(self, described: Any, direction: str) -> Json:
        """A reference to the component of a struct, a serializer, or a Page of them."""
        if get_origin(described) is Annotated:
            struct, meta = get_args(described)
            extra: Json = meta.extra_json_schema
            return self._schema(struct, direction) | extra
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


def drop_enum_ids(result: Any, **context: Any) -> Any:
    """Remove drf-spectacular's notes to its own hook for enumerations (a POSTPROCESSING_HOOK)."""
    match result:
        case dict():
            return {k: drop_enum_ids(v) for k, v in result.items() if k != "x-spec-enum-id"}
        case list():
            return [drop_enum_ids(each) for each in result]
    return result


def _files(media_types: Sequence[str]) -> Json:
    return {media_type: {"schema": {"type": "string"}} for media_type in media_types}


def _parameter(location: str, name: str, schema: Json) -> Json:
    parameter = {"in": location, "name": name, "schema": schema}
    description = schema.pop("description", None)
    return parameter | ({"description": description} if description else {})


def _text(description: str, **keywords: Any) -> Json:
    return {"description": description, "type": "string"} | keywords


def _header(description: str, *, required: bool = False, **keywords: Any) -> Json:
    header: Json = {"description": description, "schema": {"type": "string"} | keywords}
    return header | ({"required": True} if required else {})
