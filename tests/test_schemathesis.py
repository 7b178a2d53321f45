"""Generate requests from the OpenAPI document; every response must conform to it."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import hypothesis
import pytest
import schemathesis
from hypothesis import HealthCheck
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from apps.products.models import Product
from config.wsgi import application
from conftest import Api

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


@schemathesis.serializer("text/csv")
def as_csv(ctx: Any, value: Any) -> bytes:
    """A CSV header above a generated text."""
    return f"sku,name,price\n{value}".encode(errors="replace")


@schemathesis.serializer("application/jsonl")
def as_json_lines(ctx: Any, value: Any) -> bytes:
    """A line of JSON before a generated text."""
    return f"{{}}\n{value}".encode(errors="replace")


schema = schemathesis.openapi.from_wsgi("/api/schema/", application)


class Shop(NamedTuple):
    """A client with every scope, and a shop to read."""

    api: Api
    ids: dict[str, int]
    statuses: list[int]


@pytest.fixture
def shop(transactional_db: None, api: Api) -> Iterator[Shop]:
    """A shop for one operation. At least one of its requests must succeed."""
    product = Product.create_product("Blue Mug", "", "9.99", 1_000_000)
    order = api.post("orders/", {"product_id": product.pk, "quantity": 9}).json
    [line] = order["lines"]
    ids = {"product_id": product.pk, "order_id": order["id"], "line_id": line["id"]}
    for kind in ("shipment", "return"):
        unit = {"line_id": line["id"], "quantity": 1} | (
            {"restock": True} if kind == "return" else {}
        )
        path = f"orders/{order['id']}/{kind}s/"
        made = api.post(path, {"lines": [unit]}, idempotency_key="before")
        ids[f"{kind}_id"] = made.json["id"]
    shop = Shop(api, ids, [])
    yield shop
    # Only a shipped order can be delivered.
    assert {200, 201, 204, 409} & {*shop.statuses}


def with_real_ids(value: Any, ids: dict[str, int]) -> Any:
    """Replace generated ids in `value` with real ones, because others would all get 404."""
    if isinstance(value, list):
        return [with_real_ids(item, ids) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        name: ids[name] if name in ids and type(item) is int else with_real_ids(item, ids)
        for name, item in value.items()
    }


@schema.parametrize()
@hypothesis.settings(derandomize=True, max_examples=12, suppress_health_check=[*HealthCheck])
def test_answers_are_as_documented(case: "schemathesis.Case[Any]", shop: Shop) -> None:
    case.path_parameters = with_real_ids(case.path_parameters, shop.ids)
    case.body = with_real_ids(case.body, shop.ids)
    headers = {"Authorization": f"Bearer {shop.api.secret}", "Host": "localhost"}
    answer = case.call_and_validate(headers=headers, checks=CHECKS)
    shop.statuses.append(answer.status_code)
