"""What a project's settings take over from here, so that generated services work in it."""

from typing import Any

REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_PERMISSION_CLASSES": ["monoservices.api.access.ScopePermission"],
    "DEFAULT_PARSER_CLASSES": ["monoservices.api.http.RawJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["monoservices.api.http.StructRenderer"],
    "DEFAULT_SCHEMA_CLASS": "monoservices.api.openapi.ServiceSchema",
    "DEFAULT_METADATA_CLASS": "monoservices.api.http.AllowAlone",
    "EXCEPTION_HANDLER": "monoservices.api.exception_handling.exception_handler",
    "UNAUTHENTICATED_USER": None,
    "URL_FORMAT_OVERRIDE": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
"""For the setting of that name: structs in and out, scopes, problem documents.

A project adds DEFAULT_AUTHENTICATION_CLASSES of its own, which make `request.auth` a
`monoservices.services.scopes.Caller`; until then, nobody is let in.
"""
