"""Requests made from the OpenAPI document: whatever is answered, the document says so."""

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

from apps.orders.models import Order
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

schema = schemathesis.openapi.from_wsgi("/api/schema/", application)


@pytest.fixture
def key(api: Api, wsgi_in_a_transaction: None) -> str:
    """The secret of a key for a shop with products and orders."""
    for name in ("Blue Mug", "Red Mug", "Tea Pot"):
        product = Product.create_product(name, "", "9.99", 1_000_000)
        assert api.post("orders/", {"product_id": product.pk, "quantity": 1}).status == 201
    return str(api.secret)


@schema.parametrize()
@hypothesis.settings(
    derandomize=True,
    max_examples=25,
    suppress_health_check=[*HealthCheck],
)
def test_answers_are_as_documented(case: schemathesis.Case, key: str) -> None:
    case.call_and_validate(
        headers={"Authorization": f"Bearer {key}", "Host": "localhost"}, checks=CHECKS
    )
