"""What the routes of orders do; bad input and access are in `tests/`."""

import re
from collections.abc import Callable
from typing import Any
from unittest.mock import ANY
from urllib.parse import quote

import pytest

from apps.accounts.models import Client
from apps.orders.microservice_communication import ProductSnapshot
from apps.orders.models import Order
from apps.orders.tests.product_rows import count_stock, in_stock, ledger, make_product, set_product
from conftest import Answer, Api

MakeApi = Callable[..., Api]
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")


@pytest.fixture
def mug(db: None) -> ProductSnapshot:
    return make_product(sku="MUG", name="Blue Mug", price="9.99", stock=10)


@pytest.fixture
def pot(db: None) -> ProductSnapshot:
    return make_product(sku="POT", name="Tea Pot", price="22.50", stock=10)


def place(api: Api, product: ProductSnapshot, quantity: int = 1, **details: Any) -> int:
    """Place an order in the short form; returns its id."""
    answer = api.post("orders/", {"product_id": product.id, "quantity": quantity} | details)
    assert answer.status == 201, answer.content
    order_id: int = answer.json["id"]
    return order_id


def ids(answer: Answer) -> list[int]:
    assert answer.status == 200, answer.content
    return [each["id"] for each in answer.json["results"]]


def line(product: ProductSnapshot, quantity: int, unit_price: str = "") -> dict[str, Any]:
    """A line as it is answered, whose id is a number."""
    return {
        "id": ANY,
        "product_id": product.id,
        "sku": product.sku,
        "product_name": product.name,
        "unit_price": unit_price or str(product.price),
        "quantity": quantity,
        "shipped_quantity": 0,
        "canceled_quantity": 0,
        "returned_quantity": 0,
        "tax_rate": None,
        "tax_amount": None,
    }


# Placing


def test_the_short_form_in_is_the_short_form_out(api: Api, mug: ProductSnapshot) -> None:
    answer = api.post("orders/", {"product_id": mug.id, "quantity": 2})
    assert (answer.status, answer.headers["Content-Type"]) == (201, "application/json")
    assert "Idempotent-Replayed" not in answer.headers
    assert TIME.fullmatch(answer.json["created_at"])
    assert answer.json == {
        "id": Order.objects.get().pk,
        "status": "pending",
        "currency": "EUR",
        "total": "19.98",
        "credited": "0.00",
        "paid": "0.00",
        "due": "19.98",
        "payment_status": "unpaid",
        "needs_refund": False,
        "reference": "",
        "customer_email": "",
        "shipping_address": {},
        "metadata": {},
        "lines": [line(mug, 2)],
        "charges": [],
        "held_until": None,
        "canceled_because": None,
        "created_at": answer.json["created_at"],
        "updated_at": answer.json["created_at"],
        "product_id": mug.id,
        "quantity": 2,
    }
    assert api.get(f"orders/{answer.json['id']}/").json == answer.json
    assert in_stock(mug) == 8


def test_lines_and_details(api: Api, mug: ProductSnapshot, pot: ProductSnapshot) -> None:
    details = {
        "reference": "web-17",
        "customer_email": "ada@example.com",
        "shipping_address": {"street": "Lange Stra\u00dfe 1", "lines": ["a", {"b": None}]},
        "metadata": {"gift": True, "weight": 0.5, "points": -3, "note": "\U0001f375 '\\%s"},
    }
    sent = [{"sku": "MUG", "quantity": 1}, {"product_id": pot.id, "quantity": 2}]
    answer = api.post("orders/", {"lines": sent, "expected_total": "54.99"} | details)
    assert answer.status == 201
    order = answer.json
    assert order | details == order
    assert (order["total"], order["lines"]) == ("54.99", [line(mug, 1), line(pot, 2)])
    assert not {"product_id", "quantity"} & order.keys()
    assert api.get(f"orders/{order['id']}/").json == order
    assert (in_stock(mug), in_stock(pot)) == (9, 8)


def test_lines_of_one_product_become_one(api: Api, mug: ProductSnapshot) -> None:
    sent = [{"sku": "MUG", "quantity": 1}, {"product_id": mug.id, "quantity": 2}]
    order = api.post("orders/", {"lines": sent}).json
    assert (order["lines"], order["quantity"]) == ([line(mug, 3)], 3)


def test_a_price_of_ones_own_needs_its_scope(
    api: Api, make_api: MakeApi, mug: ProductSnapshot
) -> None:
    sent = {
        "lines": [{"sku": "MUG", "quantity": 2, "unit_price": "5"}, {"sku": "MUG", "quantity": 1}]
    }
    assert make_api("orders:write").post("orders/", sent).error == (
        403,
        "missing_scope",
        {"lines.0.unit_price": ["This needs the scope orders:price."]},
    )
    assert (Order.objects.count(), in_stock(mug)) == (0, 10)
    order = api.post("orders/", sent).json
    assert (order["total"], order["lines"]) == ("19.99", [line(mug, 2, "5.00"), line(mug, 1)])


def test_a_price_of_ones_own_needs_its_scope_in_a_change(
    api: Api, make_api: MakeApi, mug: ProductSnapshot
) -> None:
    order_id = place(api, mug)
    sent = {"lines": [{"sku": "MUG", "quantity": 1, "unit_price": "0"}]}
    refused = make_api("orders:write").patch(f"orders/{order_id}/", sent)
    assert (refused.status, refused.json["code"]) == (403, "missing_scope")
    assert api.patch(f"orders/{order_id}/", sent).json["total"] == "0.00"


def test_more_at_a_price_of_ones_own_needs_its_scope(
    api: Api, make_api: MakeApi, mug: ProductSnapshot
) -> None:
    sent = {"lines": [{"sku": "MUG", "quantity": 1, "unit_price": "0.01"}]}
    url = f"orders/{api.post('orders/', sent).json['id']}/"
    before = api.get(url)
    writer = make_api("orders:write")
    message = ["The product costs 9.99. More of it at 0.01 needs the scope orders:price."]
    for path, change in {
        "quantity": {"quantity": 10},
        "lines.0.quantity": {"lines": [{"sku": "MUG", "quantity": 10}]},
    }.items():
        assert writer.patch(url, change).error == (403, "missing_scope", {path: message})
    after = api.get(url)
    assert (after.content, after.headers["ETag"]) == (before.content, before.headers["ETag"])
    assert in_stock(mug) == 9
    assert api.patch(url, {"quantity": 10}).json["total"] == "0.10"


def test_the_expected_total(api: Api, mug: ProductSnapshot) -> None:
    sent = {"product_id": mug.id, "quantity": 2, "expected_total": "19.97"}
    assert api.post("orders/", sent).error == (
        409,
        "price_changed",
        {"expected_total": ["The order costs 19.98."]},
    )
    assert (Order.objects.count(), in_stock(mug)) == (0, 10)
    for total in ("19.98", "0019.98"):
        assert api.post("orders/", sent | {"expected_total": total}).status == 201


def test_an_order_is_refused_as_a_whole(
    api: Api, mug: ProductSnapshot, pot: ProductSnapshot
) -> None:
    sent = [
        {"sku": "POT", "quantity": 11},
        {"sku": "MUG", "quantity": 6},
        {"sku": "MUG", "quantity": 5},
    ]
    assert api.post("orders/", {"lines": sent}).error == (
        409,
        "out_of_stock",
        {
            "lines.0.quantity": ["There are 10 in stock."],
            "lines.1.quantity": ["There are 10 in stock."],
        },
    )
    assert (Order.objects.count(), in_stock(mug), in_stock(pot)) == (0, 10, 10)


# Idempotency


def test_the_same_key_places_one_order(api: Api, mug: ProductSnapshot) -> None:
    sent = {"product_id": mug.id, "quantity": 2, "reference": "web-17"}
    first = api.post("orders/", sent, idempotency_key="k")
    set_product(mug, price="1.00", name="Red Mug", is_active=False)
    api.patch(f"orders/{first.json['id']}/", {"quantity": 1})
    api.post(f"orders/{first.json['id']}/cancel/")
    again = api.post("orders/", sent, idempotency_key="k")
    assert (first.status, again.status, again.content) == (201, 201, first.content)
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert api.get(f"orders/{first.json['id']}/").json["status"] == "canceled"
    assert (Order.objects.count(), in_stock(mug)) == (1, 10)


def test_the_same_request_may_be_written_otherwise(
    api: Api, mug: ProductSnapshot, pot: ProductSnapshot
) -> None:
    first = {
        "lines": [{"sku": "MUG", "quantity": 3}, {"sku": "POT", "quantity": 1}],
        "metadata": {"a": 1, "b": 2},
    }
    other = {
        "reference": "",
        "metadata": {"b": 2, "a": 1},
        "lines": [{"quantity": 1, "sku": name} for name in ("MUG", "POT", "MUG", "MUG")],
    }
    answers = [api.post("orders/", sent, idempotency_key="k") for sent in (first, other)]
    assert answers[0].content == answers[1].content
    assert answers[1].headers["Idempotent-Replayed"] == "true"


@pytest.mark.parametrize(
    "change",
    [{"quantity": 3}, {"reference": "b"}, {"metadata": {"a": 1}}, {"expected_total": "19.98"}],
)
def test_another_request_with_the_same_key_is_refused(
    api: Api, mug: ProductSnapshot, change: dict[str, Any]
) -> None:
    sent = {"product_id": mug.id, "quantity": 2, "reference": "a"}
    api.post("orders/", sent, idempotency_key="k")
    answer = api.post("orders/", sent | change, idempotency_key="k")
    assert answer.error == (422, "idempotency_key_reused", {})
    assert (Order.objects.count(), in_stock(mug)) == (1, 8)


def test_a_refusal_is_not_remembered(api: Api, mug: ProductSnapshot) -> None:
    sent = {"product_id": mug.id, "quantity": 11}
    assert api.post("orders/", sent, idempotency_key="k").status == 409
    count_stock(mug, 11)
    answer = api.post("orders/", sent, idempotency_key="k")
    assert (answer.status, "Idempotent-Replayed" in answer.headers) == (201, False)


def test_a_key_is_its_clients_own(api: Api, make_api: MakeApi, mug: ProductSnapshot) -> None:
    sent = {"product_id": mug.id, "quantity": 1}
    other = make_api("orders:write", client="other")
    answers = [client.post("orders/", sent, idempotency_key="k") for client in (api, other)]
    assert len({answer.json["id"] for answer in answers}) == 2
    assert "Idempotent-Replayed" not in answers[1].headers
    same_client = make_api("orders:write")  # another key of the same client
    assert same_client.post("orders/", sent, idempotency_key="k").content == answers[0].content


def test_without_a_key_every_request_is_an_order(api: Api, mug: ProductSnapshot) -> None:
    assert place(api, mug) != place(api, mug)


# Changing


def test_change_the_quantity_and_the_product(
    api: Api, mug: ProductSnapshot, pot: ProductSnapshot
) -> None:
    order_id = place(api, mug, 2)
    before = api.get(f"orders/{order_id}/").json
    more = api.patch(f"orders/{order_id}/", {"quantity": 5})
    assert (more.status, more.headers["ETag"]) == (200, '"2"')
    assert more.json == before | {
        "total": "49.95",
        "due": "49.95",
        "lines": [line(mug, 5)],
        "quantity": 5,
        "updated_at": more.json["updated_at"],
    }
    assert in_stock(mug) == 5
    other = api.patch(f"orders/{order_id}/", {"product_id": pot.id})
    assert (other.json["total"], other.json["lines"]) == ("112.50", [line(pot, 5)])
    assert (in_stock(mug), in_stock(pot)) == (10, 5)
    assert api.get(f"orders/{order_id}/").content == other.content


def test_change_all_lines(api: Api, mug: ProductSnapshot, pot: ProductSnapshot) -> None:
    order_id = place(api, mug, 2)
    set_product(mug, price="1.00")
    sent = [{"sku": "POT", "quantity": 1}, {"sku": "MUG", "quantity": 1}]
    order = api.patch(f"orders/{order_id}/", {"lines": sent}).json
    assert order["total"] == "32.49"  # a line that stays keeps its price
    assert sorted(each["sku"] for each in order["lines"]) == ["MUG", "POT"]
    assert (in_stock(mug), in_stock(pot)) == (9, 9)
    assert api.patch(f"orders/{order_id}/", {"quantity": 1}).error == (409, "several_lines", {})


def test_change_what_an_order_says(api: Api, mug: ProductSnapshot) -> None:
    order_id = place(api, mug, metadata={"a": 1}, reference="a", customer_email="a@b")
    changes = {"metadata": {}, "reference": "", "shipping_address": {"city": "Bern"}}
    order = api.patch(f"orders/{order_id}/", changes).json
    assert order | changes == order
    assert (order["customer_email"], order["total"]) == ("a@b", "9.99")
    assert [reason for _, _, reason, _ in ledger(mug)] == ["received", "sold"]


def test_an_empty_change_is_none(api: Api, mug: ProductSnapshot) -> None:
    order_id = place(api, mug)
    answer = api.patch(f"orders/{order_id}/", {})
    assert (answer.status, answer.headers["ETag"]) == (200, '"1"')
    assert len(ids(api.get(f"orders/{order_id}/events/"))) == 1


def test_a_change_beyond_the_stock(api: Api, mug: ProductSnapshot) -> None:
    order_id = place(api, mug, 8)
    assert api.patch(f"orders/{order_id}/", {"quantity": 11}).error == (
        409,
        "out_of_stock",
        {"quantity": ["There are 2 in stock."]},
    )
    assert api.get(f"orders/{order_id}/").headers["ETag"] == '"1"'
    assert in_stock(mug) == 2


def test_a_change_is_made_to_the_version_that_was_read(api: Api, mug: ProductSnapshot) -> None:
    order_id = place(api, mug)
    url = f"orders/{order_id}/"
    assert api.get(url).headers["ETag"] == '"1"'
    assert api.patch(url, {"quantity": 2}, if_match='"1"').headers["ETag"] == '"2"'
    for path, sent in (
        (url, {"quantity": 3}),
        (url, {}),
        (f"{url}cancel/", None),
        (f"{url}ship/", None),
    ):
        method = "PATCH" if path == url else "POST"
        answer = api.send(method, path, sent, if_match='"1"')
        assert answer.error == (409, "version_conflict", {}), path
    assert api.get(url).headers["ETag"] == '"2"'
    assert api.post(f"{url}ship/", if_match='"2"').headers["ETag"] == '"3"'
    assert api.post(f"{url}deliver/", if_match='"3"').headers["ETag"] == '"4"'


# Fulfilment


def test_cancel_puts_the_stock_back_once(api: Api, mug: ProductSnapshot) -> None:
    order_id = place(api, mug, 3)
    first = api.post(f"orders/{order_id}/cancel/")
    again = api.post(f"orders/{order_id}/cancel/")
    assert (first.status, first.json["status"], first.headers["ETag"]) == (200, "canceled", '"2"')
    assert (again.status, again.content, again.headers["ETag"]) == (200, first.content, '"2"')
    assert api.get(f"orders/{order_id}/").content == first.content
    assert in_stock(mug) == 10


def test_ship_and_deliver(api: Api, mug: ProductSnapshot) -> None:
    order_id = place(api, mug, 3)
    for step, status, version in (("ship", "shipped", 2), ("deliver", "delivered", 3)):
        for _ in range(2):
            answer = api.post(f"orders/{order_id}/{step}/")
            assert (answer.status, answer.json["status"]) == (200, status)
            assert answer.headers["ETag"] == f'"{version}"'
    assert in_stock(mug) == 7


@pytest.mark.parametrize(
    ("steps", "refused"),
    [
        ([], ["deliver"]),
        (["ship"], ["cancel", "change"]),
        (["ship", "deliver"], ["cancel", "ship", "change"]),
        (["cancel"], ["ship", "deliver", "change"]),
    ],
)
def test_there_is_no_other_way(
    api: Api, mug: ProductSnapshot, steps: list[str], refused: list[str]
) -> None:
    order_id = place(api, mug)
    for step in steps:
        assert api.post(f"orders/{order_id}/{step}/").status == 200
    before = api.get(f"orders/{order_id}/")
    for step in refused:
        answer = (
            api.patch(f"orders/{order_id}/", {"quantity": 2})
            if step == "change"
            else api.post(f"orders/{order_id}/{step}/")
        )
        assert answer.error == (409, "illegal_transition", {}), step
    assert api.get(f"orders/{order_id}/").content == before.content
    assert in_stock(mug) == (10 if steps == ["cancel"] else 9)


def test_the_history(api: Api, mug: ProductSnapshot) -> None:
    order_id = place(api, mug)
    api.patch(f"orders/{order_id}/", {"quantity": 2, "reference": "secret"})
    api.post(f"orders/{order_id}/ship/")
    events = api.get(f"orders/{order_id}/events/").json["results"]
    assert all(TIME.fullmatch(event.pop("created_at")) for event in events)
    assert events[0] == {
        "id": events[0]["id"],
        "version": 1,
        "type": "placed",
        "from_status": "",
        "to_status": "pending",
        "actor": f"client:{Client.objects.get().pk}",
        "data": {},
    }
    assert events[1]["data"] == {
        "fields": ["reference"],
        "lines_before": [{"product_id": mug.id, "unit_price": "9.99", "quantity": 1}],
        "lines_after": [{"product_id": mug.id, "unit_price": "9.99", "quantity": 2}],
    }
    assert [(event["type"], event["from_status"], event["to_status"]) for event in events] == [
        ("placed", "", "pending"),
        ("changed", "pending", "pending"),
        ("shipped", "pending", "shipped"),
    ]
    first = api.get(f"orders/{order_id}/events/?limit=2").json
    assert [event["type"] for event in api.get(first["next"]).json["results"]] == ["shipped"]


# Lists


def test_filters(api: Api, mug: ProductSnapshot, pot: ProductSnapshot) -> None:
    first = place(api, mug, reference="a", customer_email="ada@example.com")
    second = place(api, pot, reference="b+1")
    both = {"lines": [{"sku": "MUG", "quantity": 1}, {"sku": "POT", "quantity": 1}]}
    third = api.post("orders/", both | {"customer_email": "ada@example.com"}).json["id"]
    api.post(f"orders/{first}/cancel/")
    created = {key: api.get(f"orders/{key}/").json["created_at"] for key in (first, second, third)}
    changed = api.get(f"orders/{first}/").json["updated_at"]
    expected = {
        "": [third, second, first],
        "status=pending": [third, second],
        "status=canceled": [first],
        "status=shipped": [],
        "reference=a": [first],
        "reference=A": [],
        f"reference={quote('b+1')}": [second],
        "reference=": [third],
        "customer_email=ada@example.com": [third, first],
        "customer_email=ada@example.com&status=pending": [third],
        f"product_id={mug.id}": [third, first],
        f"product_id={pot.id}&status=pending": [third, second],
        "product_id=9223372036854775807": [],
        f"created_after={created[first]}": [third, second],
        f"created_before={created[third]}": [second, first],
        f"created_after={created[first]}&created_before={created[third]}": [second],
        f"updated_after={created[third]}": [first],
        f"updated_after={changed}": [],
        "created_after=2100-01-01T00:00:00-23:59": [],
    }
    assert {query: ids(api.get(f"orders/?{query}")) for query in expected} == expected


def test_pages(api: Api, mug: ProductSnapshot) -> None:
    orders = [place(api, mug) for _ in range(5)][::-1]
    first = api.get("orders/?limit=2&status=pending")
    assert first.json["results"][0] == api.get(f"orders/{orders[0]}/").json
    api.post(f"orders/{orders[2]}/cancel/")  # between two pages
    newest = place(api, mug)
    second = api.get(first.json["next"])
    assert (ids(first), ids(second)) == (orders[:2], orders[3:])
    assert second.json["next"] is None
    back = api.get(second.json["previous"])
    assert ids(back) == orders[:2]
    assert ids(api.get(back.json["previous"])) == [newest]


def test_a_list_takes_as_many_statements_however_long_it_is(
    api: Api, mug: ProductSnapshot, django_assert_num_queries: Any
) -> None:
    changed = place(api, mug)
    api.get("orders/")  # notes the use of the key
    for length in (1, 20):
        for _ in range(length):
            place(api, mug)
            api.patch(f"orders/{changed}/", {"reference": "a"})
            count_stock(mug, 10)
        with django_assert_num_queries(2):
            assert api.get("orders/?status=pending").status == 200
        with django_assert_num_queries(3):
            assert api.get(f"orders/{changed}/events/").status == 200
