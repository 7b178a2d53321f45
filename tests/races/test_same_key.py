"""The same request arrives many times at once."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from apps.orders.microservice_communication import client_id_for, read_products
from apps.orders.models import Order
from apps.orders.operations import place_orders
from apps.orders.placing.deciding import Accepted, decide
from apps.orders.placing.requests import PlacedOrder
from apps.orders.placing.statements import write_orders
from apps.orders.tests.factories import line, shop_request
from apps.orders.tests.product_rows import in_stock, make_product
from apps.products.models import Product, ProductRequest, StockMovement
from apps.products.operations import change_stock, create_product
from conftest import Api
from monoservices.database.engines import engine
from tests.books import assert_books_balance
from tests.races.controls import drop_constraints
from tests.races.workers import WORKERS, Workers, meet, meeting_after_reading

KEYS = ("a", "b", "c")
MUG = {"name": "Mug", "price": "9.99", "stock_quantity": 5}

MakeApi = Callable[..., Api]


def place_under_each_key(product_id: int) -> list[tuple[str, bool]]:
    """Place one order under each of KEYS; return each answer and whether it was a replay."""
    answers = []
    with meeting_after_reading():
        for key in KEYS:
            [placed] = place_orders([shop_request(line(product_id), key=key)])
            assert isinstance(placed, PlacedOrder)
            answers.append((placed.response, placed.replayed))
    return answers


def place_under_one_key(product_id: int) -> str:
    """Place an order under a key that others use for other products at the same time."""
    with meeting_after_reading():
        [outcome] = place_orders([shop_request(line(product_id), key="a")])
    return "placed" if isinstance(outcome, PlacedOrder) else outcome.code


def place_after_a_look(job: tuple[int, int]) -> None:
    """Look the key up, and if it is not known, write the order under the given id."""
    product_id, order_id = job
    request = shop_request(line(product_id), key="a")
    known = Order.objects.filter(idempotency_key=request.idempotency_key).exists()
    [decision] = decide([request], read_products(ids=[product_id]), {})
    meet()
    if not known and isinstance(decision, Accepted):
        line_ids = iter([order_id])
        write_orders({order_id: decision}, line_ids=line_ids, at=engine().now())


def create_under_one_key(job: tuple[str, dict[str, Any]]) -> tuple[int, bytes, str | None]:
    """Create a product over the API; return status, body and whether that was a replay."""
    secret, product = job
    with meeting_after_reading(before="products_productrequest"):
        answer = Api(secret).post("products/", product, idempotency_key="a", host="localhost")
    return answer.status, answer.content, answer.headers.get("Idempotent-Replayed")


def create_after_a_look(number: int) -> None:
    """Look the key up, and if it is not known, create a product and store the key."""
    known = ProductRequest.objects.filter(key="a").exists()
    meet()
    if not known:
        create_product(name=f"Mug {number}", price="9.99")
        ProductRequest.objects.create(client_id=1, method="POST", path="/", key="a")


def receive(product_id: int) -> bool:
    """Receive five units under one key; return whether that was a replay."""
    _, replayed = change_stock(
        product_id=product_id, delta=5, reason="received", actor="x", idempotency_key="a"
    )
    return replayed


def test_one_order_per_key_and_the_same_answer_for_everyone(workers: Workers) -> None:
    product = make_product(stock=100)
    client_id_for(built_in="console")
    answers = workers.run(place_under_each_key, [product.id] * WORKERS)
    for of_one_key in zip(*answers, strict=True):
        assert len({text for text, _ in of_one_key}) == 1
        assert Counter(replayed for _, replayed in of_one_key) == {False: 1, True: WORKERS - 1}
    assert set(Order.objects.values_list("idempotency_key", flat=True)) == set(KEYS)
    assert in_stock(product) == 100 - len(KEYS)
    assert_books_balance()


def test_one_key_for_different_requests_is_one_order(workers: Workers) -> None:
    products = [make_product(stock=100) for _ in range(WORKERS)]
    client_id_for(built_in="console")
    outcomes = workers.run(place_under_one_key, [each.id for each in products])
    assert Counter(outcomes) == {"placed": 1, "idempotency_key_reused": WORKERS - 1}
    assert Order.objects.count() == 1
    assert_books_balance()


@pytest.mark.usefixtures("control")
def test_control_looking_first_places_the_order_many_times(workers: Workers) -> None:
    drop_constraints(Order, "order_once_per_key")
    product = make_product(stock=100)
    client_id_for(built_in="console")
    workers.run(place_after_a_look, [(product.id, 1 + number) for number in range(WORKERS)])
    assert Order.objects.filter(idempotency_key="a").count() == WORKERS


def test_stock_under_one_key_moves_once(workers: Workers) -> None:
    product = make_product(stock=100)
    replays = workers.run(receive, [product.id] * WORKERS)
    assert Counter(replays) == {False: 1, True: WORKERS - 1}
    assert in_stock(product) == 105
    assert StockMovement.objects.filter(idempotency_key="a").count() == 1
    assert_books_balance()


def test_a_product_under_one_key_is_created_once(workers: Workers, make_api: MakeApi) -> None:
    secret = make_api("products:write").secret
    answers = workers.run(create_under_one_key, [(str(secret), MUG | {"sku": "MUG"})] * WORKERS)
    assert {(status, body) for status, body, _ in answers} == {(201, answers[0][1])}
    assert Counter(replayed for *_, replayed in answers) == {None: 1, "true": WORKERS - 1}
    assert (Product.objects.count(), StockMovement.objects.count()) == (1, 1)
    assert_books_balance()


@pytest.mark.usefixtures("control")
def test_control_looking_first_creates_the_product_many_times(workers: Workers) -> None:
    drop_constraints(ProductRequest, "products_once_per_key")
    workers.run(create_after_a_look, [*range(WORKERS)])
    assert Product.objects.count() == ProductRequest.objects.count() == WORKERS


@pytest.mark.usefixtures("control")
@pytest.mark.skipif(not engine().LOCKS_ROWS, reason="on SQLite, one transaction writes at a time")
def test_control_without_the_constraint_every_request_is_carried_out(
    workers: Workers, make_api: MakeApi
) -> None:
    drop_constraints(ProductRequest, "products_once_per_key")
    secret = make_api("products:write").secret
    workers.run(create_under_one_key, [(str(secret), MUG)] * WORKERS)
    assert Product.objects.count() == WORKERS
