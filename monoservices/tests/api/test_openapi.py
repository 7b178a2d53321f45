"""What the OpenAPI document says of parameters in paths; tests/test_openapi.py reads all of it."""

from monoservices.api.openapi import ServiceSchema


def test_a_parameter_in_a_path_has_its_converters_type_or_is_text() -> None:
    schema = ServiceSchema()
    schema.path = "/things/{thing_id}/{name}/"
    schema.path_regex = "/things/<int:thing_id>/<name>/"
    assert [*schema._path_parameters()] == [
        {"in": "path", "name": "thing_id", "schema": {"type": "integer"}, "required": True},
        {"in": "path", "name": "name", "schema": {"type": "string"}, "required": True},
    ]
