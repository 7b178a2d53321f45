"""Default settings of a project with services: structs in and out, scopes, problem documents."""

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
"""For the setting of the same name.

A project adds its own DEFAULT_AUTHENTICATION_CLASSES, which set `request.auth` to a
`monoservices.services.scopes.Caller`. Without them, every request is rejected.
"""
