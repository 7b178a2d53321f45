"""The OpenAPI document: valid, up to date, and complete."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import jsonschema_rs
import pytest
import yaml
from django.apps import apps
from django.core.management import call_command
from drf_spectacular.generators import SchemaGenerator

from conftest import Api
from monoservices.api import schema_view
from monoservices.api.problems import problem_kinds
from tests.test_access import API, ROUTES

DOCUMENT = Path(__file__).resolve().parent.parent / "docs" / "reference" / "openapi.yaml"


@pytest.fixture(scope="module")
def document() -> Any:
    return yaml.safe_load(DOCUMENT.read_text())


def operations(document: Any) -> dict[str, Any]:
    """Each operation by `METHOD path`, with responses in place of references to them."""
    shared = document["components"]["responses"]
    return {
        f"{method.upper()} {path}": operation
        | {
            "responses": {
                status: shared[response["$ref"].rpartition("/")[2]]
                if "$ref" in response
                else response
                for status, response in operation["responses"].items()
            }
        }
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    }


def parts(node: Any) -> Iterator[dict[str, Any]]:
    """Every object in the document, the outer ones first."""
    if isinstance(node, dict):
        yield node
        node = [*node.values()]
    if isinstance(node, list):
        for each in node:
            yield from parts(each)


def described(path: str) -> str:
    """A path of a URL pattern as the document has it."""
    return f"/api/v1/{path.replace('<int:', '{').replace('>', '}')}"


def operations_of_the_shop(document: Any) -> dict[str, Any]:
    names = {f"{method} {described(path)}" for method, path in API}
    return {name: each for name, each in operations(document).items() if name in names}


def test_the_file_is_up_to_date(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    new = tmp_path / "openapi.yaml"
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(new))
    assert new.read_text() == DOCUMENT.read_text(), "Run make openapi."
    assert capfd.readouterr().err == ""


def test_it_is_served(db: None, document: Any) -> None:
    response = Api().get("/api/schema/", accept="application/vnd.oai.openapi")
    assert yaml.safe_load(response.content) == document
    assert document["openapi"] == "3.1.1"


def test_it_takes_nothing(db: None) -> None:
    answer = Api().send("PUT", "/api/schema/", {})
    assert answer.error == (405, "method_not_allowed", {})


def test_every_route_is_described(document: Any) -> None:
    routes = {f"{method} {described(path)}": each for (method, path), each in ROUTES.items()}
    found = operations(document)
    assert found.keys() == routes.keys()
    for name, access in routes.items():
        operation = found[name]
        assert operation["security"] == [{"apiKey": [access.scope]}], name
        assert f"Needs the scope `{access.scope}`." in operation["description"]
        if access.status is not None:
            takes = access.body is not None or name.endswith("/cancel/")
            assert ("requestBody" in operation) == takes, name
            assert str(access.status) in operation["responses"], name


def test_operations_are_named(document: Any) -> None:
    found = operations_of_the_shop(document)
    assert {name: operation["operationId"] for name, operation in found.items()} == {
        "GET /api/v1/orders/": "list_orders",
        "POST /api/v1/orders/": "place_order",
        "GET /api/v1/orders/export/": "export_orders",
        "GET /api/v1/orders/{order_id}/": "get_order",
        "PATCH /api/v1/orders/{order_id}/": "change_order",
        "POST /api/v1/orders/{order_id}/cancel/": "cancel_order",
        "POST /api/v1/orders/{order_id}/confirm/": "confirm_order",
        "POST /api/v1/orders/{order_id}/deliver/": "deliver_order",
        "GET /api/v1/orders/{order_id}/events/": "list_order_events",
        "POST /api/v1/orders/{order_id}/ship/": "ship_order",
        "GET /api/v1/orders/{order_id}/shipments/": "list_order_shipments",
        "POST /api/v1/orders/{order_id}/shipments/": "create_shipment",
        "GET /api/v1/orders/{order_id}/returns/": "list_order_returns",
        "POST /api/v1/orders/{order_id}/returns/": "create_return",
        "GET /api/v1/shipments/": "list_shipments",
        "GET /api/v1/shipments/export/": "export_shipments",
        "GET /api/v1/shipments/{shipment_id}/": "get_shipment",
        "PATCH /api/v1/shipments/{shipment_id}/": "follow_shipment",
        "POST /api/v1/shipments/{shipment_id}/deliver/": "deliver_shipment",
        "GET /api/v1/returns/": "list_returns",
        "GET /api/v1/returns/export/": "export_returns",
        "GET /api/v1/returns/{return_id}/": "get_return",
        "GET /api/v1/orders/{order_id}/payments/": "list_order_payments",
        "POST /api/v1/orders/{order_id}/payments/": "record_payment",
        "GET /api/v1/orders/{order_id}/refunds/": "list_order_refunds",
        "POST /api/v1/orders/{order_id}/refunds/": "record_refund",
        "GET /api/v1/payments/": "list_payments",
        "GET /api/v1/payments/export/": "export_payments",
        "GET /api/v1/products/": "list_products",
        "POST /api/v1/products/": "create_product",
        "GET /api/v1/products/availability/": "list_availability",
        "GET /api/v1/products/export/": "export_products",
        "POST /api/v1/products/import/": "import_products",
        "POST /api/v1/stock/": "adjust_stocks",
        "GET /api/v1/products/{product_id}/": "get_product",
        "PATCH /api/v1/products/{product_id}/": "update_product",
        "DELETE /api/v1/products/{product_id}/": "archive_product",
        "GET /api/v1/products/{product_id}/movements/": "list_movements",
        "POST /api/v1/products/{product_id}/stock/": "adjust_stock",
    }


def test_problems_are_described(document: Any) -> None:
    kinds = problem_kinds()
    for name, operation in operations(document).items():
        problems = {
            status: response["content"]["application/problem+json"]["schema"]
            for status, response in operation["responses"].items()
            if int(status) >= 400
        }
        assert {"400", "401", "403", "406", "500", "503"} <= problems.keys(), name
        assert ("404" in problems) == ("{" in name)
        may_have_a_body = name.startswith(("POST", "PATCH"))
        assert ({"408", "413", "415"} <= problems.keys()) == may_have_a_body
        assert ("outcome_unknown" in codes_of(problems["503"])) == may_have_a_body
        assert ("malformed" in codes_of(problems["400"])) == may_have_a_body
        for status, schema in problems.items():
            assert schema["$ref"] == "#/components/schemas/ProblemDocument"
            assert {kinds[code].status for code in codes_of(schema)} == {int(status)}, name


def codes_of(schema: Any) -> list[str]:
    codes: list[str] = schema["properties"]["code"]["enum"]
    return codes


def test_a_problem_has_one_of_the_codes_and_may_have_errors(document: Any) -> None:
    schema = document["components"]["schemas"]["ProblemDocument"]
    assert codes_of(schema) == sorted(problem_kinds())
    assert schema["required"] == ["type", "title", "status", "detail", "code"]
    assert "default" not in schema["properties"]["errors"]


def test_objects_with_any_content_are_one_type(document: Any) -> None:
    schemas = document["components"]["schemas"]
    of_orders = [schemas[name]["properties"] for name in ("OrderOut", "OrderOfLines")]
    found = [each[name] for each in of_orders for name in ("metadata", "shipping_address")]
    assert [*found, schemas["EventOut"]["properties"]["data"]] == [
        {"$ref": "#/components/schemas/JsonObject"}
    ] * 5
    schema = schemas["JsonObject"]
    assert (schema["type"], schema["additionalProperties"]) == ("object", True)
    # What a generator would take for an object without fields.
    assert [
        part
        for part in parts(document)
        if part.get("type") == "object" and not {"properties", "additionalProperties"} & {*part}
    ] == []


def test_each_operation_has_its_service_as_tag(document: Any) -> None:
    tags = {tag["name"]: tag["description"] for tag in document["tags"]}
    assert tags == {label: type(apps.get_app_config(label)).__doc__ for label in tags}
    used = {name: operation["tags"] for name, operation in operations(document).items()}
    assert {tag for [tag] in used.values()} == tags.keys()
    assert used["POST /api/v1/stock/"] == ["products"]


def test_no_body_has_a_default(document: Any) -> None:
    """openapi-typescript makes such a field required."""
    assert [
        name
        for schema in document["components"]["schemas"].values()
        for name, described in schema.get("properties", {}).items()
        if "default" in described
    ] == []


def test_examples_are_valid(document: Any) -> None:
    components = {"components": document["components"]}
    for part in parts(document):
        schema, examples = part.get("schema", part), part.get("examples", [])
        if isinstance(examples, dict):
            examples = [example["value"] for example in examples.values()]
        for example in examples:
            jsonschema_rs.validator_for(schema | components).validate(example)


def test_bodies_of_several_forms_and_problems_have_examples(document: Any) -> None:
    examples = {}
    for operation in operations(document).values():
        content = operation.get("requestBody", {"content": {}})["content"]
        if shown := content.get("application/json", {}).get("examples"):
            examples[operation["operationId"]] = [*shown]
        for status, response in operation["responses"].items():
            if int(status) >= 400:
                problem = response["content"]["application/problem+json"]
                assert [*problem["examples"]] == codes_of(problem["schema"])
    assert examples == {
        "place_order": ["lines", "one_product"],
        "adjust_stock": ["change", "count"],
        "adjust_stocks": ["movements"],
        "create_shipment": ["some", "everything_open"],
        "create_return": ["on_sale_again", "broken"],
        "record_payment": ["by_provider", "in_cash"],
        "record_refund": ["by_provider", "in_cash"],
    }


def test_headers_are_described(document: Any) -> None:
    requests: dict[str, set[str]] = {}
    responses: dict[str, set[str]] = {}
    shop = operations_of_the_shop(document).values()
    for operation in shop:
        name = operation["operationId"]
        for parameter in operation["parameters"]:
            if parameter["in"] == "header":
                requests.setdefault(parameter["name"], set()).add(name)
        for status, response in operation["responses"].items():
            assert ("X-Request-ID" in response.get("headers", {})) == (int(status) >= 400)
            for header in {*response.get("headers", {})} - {"X-Request-ID"}:
                responses.setdefault(f"{header} {status}", set()).add(name)
    moving = {"confirm_order", "cancel_order", "ship_order", "deliver_order"}
    changing = {"change_order", *moving}
    everything = {operation["operationId"] for operation in shop}
    money = {"record_payment", "record_refund"}
    goods = {"create_shipment", "create_return"}
    assert requests == {
        "Idempotency-Key": money
        | goods
        | {"place_order", "create_product", "adjust_stock", "adjust_stocks", "cancel_order"},
        "If-Match": changing | goods,
        "If-None-Match": {"get_order"},
    }
    assert responses == {
        "Idempotent-Replayed 201": money
        | goods
        | {"place_order", "create_product", "adjust_stock"},
        "Idempotent-Replayed 200": {"adjust_stocks", "cancel_order"},
        "ETag 200": changing | {"get_order"},
        "ETag 304": {"get_order"},
        "Content-Disposition 200": {
            *("export_orders", "export_products", "export_payments"),
            *("export_shipments", "export_returns"),
        },
        "WWW-Authenticate 401": everything,
        "Retry-After 503": everything,
    }


def test_query_strings_are_described(document: Any) -> None:
    parameters = {
        parameter["name"]: parameter
        for parameter in operations(document)["GET /api/v1/products/"]["parameters"]
    }
    assert list(parameters) == [
        *("search", "ids", "sku", "price_min", "price_max", "in_stock", "is_active"),
        *("updated_after", "ordering", "limit", "cursor"),
    ]
    assert not any(parameter.get("required") for parameter in parameters.values())
    [ids] = operations(document)["GET /api/v1/products/availability/"]["parameters"]
    assert (ids["name"], ids["required"]) == ("ids", True)
    assert parameters["sku"]["schema"]["type"] == "array"
    assert parameters["limit"]["schema"] == {
        "type": "integer",
        "minimum": 1,
        "maximum": 100,
        "default": 20,
    }
    assert parameters["search"]["schema"] == {
        "type": "string",
        "minLength": 3,
        "maxLength": 200,
        "pattern": r"^[^\u0000]*$",
    }


def test_files_are_described(document: Any) -> None:
    both = ["text/csv", "application/jsonl"]
    found = operations(document)
    for name in ("GET /api/v1/orders/export/", "GET /api/v1/products/export/"):
        assert list(found[name]["responses"]["200"]["content"]) == both
    imported = found["POST /api/v1/products/import/"]
    assert list(imported["requestBody"]["content"]) == [*both, "application/octet-stream"]
    assert list(imported["responses"]["200"]["content"]) == ["application/json"]


@pytest.mark.parametrize(
    ("body", "valid"),
    [
        ({"product_id": 1, "quantity": 1}, True),
        ({"lines": [{"sku": "MUG", "quantity": 1}], "reference": "web-17"}, True),
        ({}, False),
        ({"product_id": 1}, False),
        ({"quantity": 1}, False),
        ({"product_id": 1, "quantity": 1, "lines": [{"sku": "MUG", "quantity": 1}]}, False),
        ({"product_id": 1, "lines": [{"sku": "MUG", "quantity": 1}]}, False),
        ({"lines": []}, False),
        ({"lines": [{"sku": "MUG\0", "quantity": 1}]}, False),
        ({"product_id": 1, "quantity": 1, "status": "shipped"}, False),
    ],
)
def test_an_order_is_one_form_or_the_other(document: Any, body: Any, valid: bool) -> None:
    operation = operations(document)["POST /api/v1/orders/"]
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    assert schema == {
        "oneOf": [
            {"$ref": f"#/components/schemas/{name}"}
            for name in ("OrderOfLines", "OrderOfOneProduct")
        ]
    }
    schema = schema | {"components": document["components"]}
    assert jsonschema_rs.validator_for(schema).is_valid(body) == valid


def test_patterns_are_ecma_262(document: Any) -> None:
    patterns = re.findall(r"pattern: (.*)", DOCUMENT.read_text())
    assert {pattern for pattern in patterns if pattern.endswith("$")} == {*patterns}
    assert [pattern for pattern in patterns if r"\Z" in pattern or r"\x" in pattern] == []


@pytest.mark.parametrize(
    "accept", ["application/vnd.oai.openapi", "application/vnd.oai.openapi+json"]
)
def test_it_is_made_once_however_many_ask_first(
    accept: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[SchemaGenerator] = []
    make: Any = SchemaGenerator.get_schema

    def get_schema(self: SchemaGenerator, *args: Any, **kwargs: Any) -> Any:
        made.append(self)
        return make(self, *args, **kwargs)

    monkeypatch.setattr(SchemaGenerator, "get_schema", get_schema)
    schema_view._document.cache_clear()
    together = Barrier(6)

    def ask(_: int) -> tuple[int, str, bytes]:
        together.wait(10)
        response = Api().get("/api/schema/", accept=accept)
        return response.status, response.headers["Content-Type"], response.content

    with ThreadPoolExecutor(6) as threads:
        [(status, content_type, content)] = set(threads.map(ask, range(6)))
    assert (status, len(made)) == (200, 1)
    assert content_type.partition(";")[0] == accept
    assert yaml.safe_load(content)["openapi"] == "3.1.1"
