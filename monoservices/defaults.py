"""What a project's settings take over from here, so that generated services work in it."""

from typing import Any

REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_PERMISSION_CLASSES": ["monoservices.access.ScopePermission"],
    "DEFAULT_PARSER_CLASSES": ["monoservices.http.RawJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["monoservices.http.StructRenderer"],
    "DEFAULT_SCHEMA_CLASS": "monoservices.schema.ServiceSchema",
    "DEFAULT_METADATA_CLASS": "monoservices.http.AllowAlone",
    "EXCEPTION_HANDLER": "monoservices.problems.exception_handler",
    "UNAUTHENTICATED_USER": None,
    "URL_FORMAT_OVERRIDE": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
"""For the setting of that name: structs in and out, scopes, problem documents.

A project adds DEFAULT_AUTHENTICATION_CLASSES of its own, which make `request.auth` a
`monoservices.access.Caller`; until then, nobody is let in.
"""
