"""Many movements at once: the operation, and the route `POST stock/`."""

import hashlib
import json
from collections.abc import Callable
from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from apps.products.exceptions import MovementKeyReused
from apps.products.models import Product, StockMovement, StockRequest
from apps.products.operations import Adjustment, adjust_stock, create_product
from apps.products.tests.selling import sell
from conftest import Api
from monoservices.api.types import MAX_INTEGER


@pytest.fixture
def mug(db: None) -> Product:
    return create_product(sku="MUG", name="Mug", price="1", stock_quantity=10)


@pytest.fixture
def pot(db: None) -> Product:
    return create_product(sku="POT", name="Pot", price="1")


def adjust(*adjustments: dict[str, Any], key: str | None = None) -> tuple[Any, bool]:
    """The decoded answer, and whether it is one to a later request."""
    adjusted = adjust_stock(
        adjustments=[
            Adjustment(path=f"movements.{n}", **each) for n, each in enumerate(adjustments)
        ],
        actor="client:1",
        idempotency_key=key,
    )
    return json.loads(adjusted.response), adjusted.replayed


def received(sku: str, delta: int = 1) -> dict[str, Any]:
    return {"sku": sku, "delta": delta, "reason": "received"}


def stock() -> dict[str, int]:
    return dict(Product.objects.values_list("sku", "stock_quantity"))


def ledger() -> list[tuple[str, int, int, str]]:
    """Without what the products began with."""
    movements = StockMovement.objects.order_by("pk").filter(actor="client:1")
    return list(movements.values_list("product__sku", "delta", "quantity_after", "reason"))


def test_each_movement_has_its_own_outcome(mug: Product, pot: Product) -> None:
    answer, replayed = adjust(
        received("MUG", 5) | {"note": "Delivery 1"},
        {"product_id": pot.pk, "counted": 7},
        {"sku": "MUG", "delta": -16, "reason": "corrected"},
        received("CUP"),
        {"product_id": 999_999, "counted": 1},
        {"sku": "MUG", "counted": 15},
        {"product_id": mug.pk, "delta": -15, "reason": "corrected"},
        received("POT", MAX_INTEGER),
    )
    movements = StockMovement.objects.order_by("pk").filter(actor="client:1")
    assert replayed is False
    assert (answer["moved"], answer["refused"]) == (4, 4)
    assert answer["results"][0]["movement"] == {
        "id": movements[0].pk,
        "product_id": mug.pk,
        "delta": 5,
        "quantity_after": 15,
        "committed_delta": 0,
        "committed_after": 0,
        "missing": 0,
        "reason": "received",
        "reference": "",
        "note": "Delivery 1",
        "actor": "client:1",
        "created_at": movements[0].created_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
    }
    assert [each["movement"]["id"] for each in answer["results"] if "movement" in each] == [
        each.pk for each in movements
    ]
    assert {
        index: (each["problem"]["status"], each["problem"]["code"], each["problem"]["errors"])
        for index, each in enumerate(answer["results"])
        if "problem" in each
    } == {
        2: (409, "out_of_stock", {"movements.2.delta": ["There are 15 on hand."]}),
        3: (404, "not_found", {"movements.3.sku": ["There is no such product."]}),
        4: (404, "not_found", {"movements.4.product_id": ["There is no such product."]}),
        7: (400, "invalid", {"movements.7.delta": ["There are 7 on hand."]}),
    }
    assert stock() == {"MUG": 0, "POT": 7}
    assert ledger() == [
        ("MUG", 5, 15, "received"),
        ("POT", 7, 7, "counted"),
        ("MUG", 0, 15, "counted"),
        ("MUG", -15, 0, "corrected"),
    ]


def test_counts_are_of_the_shelf_and_each_finds_what_the_one_before_left(mug: Product) -> None:
    sell(mug, 4)
    answer, _ = adjust(
        {"sku": "MUG", "counted": 8, "expected": 10},
        {"sku": "MUG", "counted": 1, "expected": 10},
        {"sku": "MUG", "counted": 1, "expected": 8},
        {"sku": "MUG", "delta": 2, "reason": "received", "expected": 1},
        {"sku": "MUG", "delta": -1, "reason": "received"},
    )
    keys = ("delta", "quantity_after", "committed_delta", "committed_after", "missing")
    moved = [tuple(each["movement"][key] for key in keys) for each in _done(answer)]
    assert moved == [(-2, 4, 0, 4, 0), (-7, -3, 0, 4, 3), (2, -1, 0, 4, 1)]
    problems = [each["problem"] for each in answer["results"] if "problem" in each]
    assert [(each["status"], each["code"], each["errors"]) for each in problems] == [
        (409, "stock_changed", {"movements.1.expected": ["There are 8 on hand."]}),
        (400, "invalid", {"movements.4.delta": ["Only a correction takes units away."]}),
    ]
    mug.refresh_from_db()
    assert (mug.stock_quantity, mug.committed_quantity) == (-1, 4)


def test_requests_from_before_there_was_an_expected_quantity_are_the_same_requests(
    mug: Product,
) -> None:
    adjust(received("MUG", 5), key="k")
    before = (
        b'[{"path":"movements.0","product_id":null,"sku":"MUG","delta":5,"reason":"received",'
        b'"counted":null,"note":""}]'
    )
    assert StockRequest.objects.get().fingerprint == hashlib.sha256(before).hexdigest()


def _done(answer: Any) -> list[Any]:
    return [each for each in answer["results"] if "movement" in each]


def test_the_same_key_and_request_moves_nothing_again(mug: Product) -> None:
    asked = (received("MUG", 5), {"sku": "MUG", "delta": -20, "reason": "corrected"})
    first = adjust(*asked, key="k")
    assert (first[0]["moved"], first[1]) == (1, False)
    adjust(received("MUG", 100))
    assert adjust(*asked, key="k") == (first[0], True)  # refusals included, whatever there is now
    assert stock() == {"MUG": 115}
    assert adjust(*asked, key="other")[0]["moved"] == 2


@pytest.mark.parametrize(
    "other", [received("MUG", 6), received("POT", 5), {"sku": "MUG", "counted": 5}]
)
def test_the_same_key_with_another_request_is_refused(mug: Product, other: dict[str, Any]) -> None:
    adjust(received("MUG", 5), key="k")
    with pytest.raises(MovementKeyReused):
        adjust(other, key="k")
    with pytest.raises(MovementKeyReused):
        adjust(received("MUG", 5), other, key="k")
    assert stock() == {"MUG": 15}
    assert StockRequest.objects.count() == 1


def test_without_a_key_nothing_is_remembered(mug: Product) -> None:
    for _ in range(2):
        adjust(received("MUG", 5))
    assert stock() == {"MUG": 20}
    assert StockRequest.objects.count() == 0


@pytest.mark.parametrize("count", [1, 10, 300])
def test_as_many_statements_whatever_the_number(db: None, count: int) -> None:
    names = [f"A-{number}" for number in range(count)]
    Product.objects.bulk_create([Product(sku=sku, name="Mug", price="1") for sku in names])
    with CaptureQueriesContext(connection) as captured:
        adjust(*(received(sku) for sku in names), key="k")
    control = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")
    executed = [query["sql"] for query in captured if not query["sql"].startswith(control)]
    assert len(executed) == (7 if connection.vendor == "postgresql" else 6)
    assert 'ORDER BY "products_product"."id" ASC' in executed[1]
    assert ("FOR NO KEY UPDATE" in executed[1]) == (connection.vendor == "postgresql")
    assert StockMovement.objects.count() == count


@pytest.mark.django_db(transaction=True)
def test_the_same_key_at_the_same_time_moves_once(mug: Product) -> None:
    together = Barrier(8)
    answers: list[tuple[Any, bool]] = []

    def send() -> None:
        together.wait()
        answers.append(adjust(received("MUG", 5), key="k"))
        connections.close_all()

    threads = [Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert stock() == {"MUG": 15}
    assert sorted(replayed for _, replayed in answers) == [False] + [True] * 7
    assert all(answer == answers[0][0] for answer, _ in answers)


@pytest.mark.django_db(transaction=True)
def test_the_same_products_the_other_way_round_do_not_wait_in_a_circle(
    mug: Product, pot: Product
) -> None:
    together = Barrier(2)

    def send(*skus: str) -> None:
        together.wait()
        for _ in range(20):
            adjust(*(received(sku) for sku in skus))
        connections.close_all()

    threads = [Thread(target=send, args=skus) for skus in (("MUG", "POT"), ("POT", "MUG"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert stock() == {"MUG": 50, "POT": 40}
    assert StockMovement.objects.filter(actor="client:1").count() == 80


def test_the_route(api: Api, mug: Product) -> None:
    body = {
        "movements": [
            received("MUG", 5),
            {"product_id": mug.pk, "delta": -20, "reason": "corrected"},
        ]
    }
    first = api.post("stock/", body, idempotency_key="k")
    assert (first.status, first.headers.get("Idempotent-Replayed")) == (200, None)
    assert (first.json["moved"], first.json["refused"]) == (1, 1)
    assert first.json["results"][0]["movement"]["actor"].startswith("client:")
    again = api.post("stock/", body, idempotency_key="k")
    assert (again.content, again.headers["Idempotent-Replayed"]) == (first.content, "true")
    other = api.post("stock/", {"movements": [received("MUG", 6)]}, idempotency_key="k")
    assert other.error == (422, "idempotency_key_reused", {})
    assert stock() == {"MUG": 15}


def test_a_key_belongs_to_its_client(make_api: Callable[..., Api], mug: Product) -> None:
    for client in ("one", "two"):
        api = make_api("stock:write", client=client)
        answer = api.post("stock/", {"movements": [received("MUG", 5)]}, idempotency_key="k")
        assert answer.json["moved"] == 1
    assert stock() == {"MUG": 20}
