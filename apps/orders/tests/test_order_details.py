"""A detail of an order is known in every place: in requests, in responses, and in the table."""

from apps.orders.models import Order
from apps.orders.placing.requests import DETAILS
from apps.orders.structs import OrderIn, OrderOut

ORDERED = {"product_id", "quantity", "lines", "expected_total", "hold_seconds", "replaces"}
"""What a request says about products, money and stock."""


def test_a_request_has_the_details_and_what_is_ordered() -> None:
    assert set(OrderIn.__struct_fields__) == {*DETAILS, *ORDERED}


def test_a_response_has_every_detail() -> None:
    assert set(DETAILS) <= set(OrderOut.__struct_fields__)


def test_the_table_has_every_field_of_a_response() -> None:
    columns = {field.attname for field in Order._meta.concrete_fields}
    assert set(OrderOut.__struct_fields__) - ORDERED <= columns
