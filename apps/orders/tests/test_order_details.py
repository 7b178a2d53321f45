"""A detail of an order is known in every place: in requests, in responses, and in the table."""

from apps.orders.answers import ORDER_COLUMNS, OrderOut
from apps.orders.models import Order
from apps.orders.placing.requests import DETAILS
from apps.orders.structs import OrderIn

ORDERED = {"product_id", "quantity", "lines", "charges", "expected_total"}
ORDERED |= {"hold_seconds", "replaces"}
"""What a request says about products, money and stock."""


def test_a_request_has_the_details_and_what_is_ordered() -> None:
    assert set(OrderIn.__struct_fields__) == {*DETAILS, *ORDERED}


def test_a_response_has_every_detail() -> None:
    assert set(DETAILS) <= set(OrderOut.__struct_fields__)


def test_the_table_has_every_field_of_a_response_that_is_not_computed() -> None:
    columns = {field.attname for field in Order._meta.concrete_fields}
    computed = {"due", "payment_status", "needs_refund"}
    assert set(ORDER_COLUMNS) == set(OrderOut.__struct_fields__) - ORDERED - computed
    assert set(ORDER_COLUMNS) <= columns
