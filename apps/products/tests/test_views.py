"""What the routes of products do; bad input and access are in `tests/`."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

from apps.products.models import Product, StockMovement
from apps.products.operations import create_product
from apps.products.tests.selling import sell
from conftest import Answer, Api

MakeApi = Callable[..., Api]
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")


def ids(answer: Answer) -> list[int]:
    assert answer.status == 200, answer.content
    return [each["id"] for each in answer.json["results"]]


# Creating, reading, changing, archiving


def test_create_a_product(api: Api) -> None:
    sent = {
        "sku": "MUG-1",
        "name": "Blue Mug",
        "description": "300 ml",
        "price": "9.9",
        "stock_quantity": 5,
        "is_active": False,
    }
    answer = api.post("products/", sent)
    product = Product.objects.get()
    assert (answer.status, answer.headers["Content-Type"]) == (201, "application/json")
    assert TIME.fullmatch(answer.json["created_at"])
    assert answer.json == {
        "id": product.pk,
        "sku": "MUG-1",
        "name": "Blue Mug",
        "description": "300 ml",
        "price": "9.90",
        "currency": "EUR",
        "stock_quantity": 5,
        "committed_quantity": 0,
        "on_hand": 5,
        "is_active": False,
        "created_at": answer.json["created_at"],
        "updated_at": answer.json["updated_at"],
    }
    assert api.get(f"products/{product.pk}/").content == answer.content
    movement = StockMovement.objects.get()
    assert (movement.delta, movement.reason) == (5, "received")
    assert movement.actor == f"client:{api.client_id}"


def test_what_is_left_out_has_a_default(api: Api) -> None:
    product = api.post("products/", {"name": "Tea Pot", "price": "0"}).json
    assert re.fullmatch(r"P-[0-9A-F]{13}", product["sku"])
    assert (product["description"], product["price"], product["stock_quantity"]) == ("", "0.00", 0)
    assert product["is_active"] is True
    assert StockMovement.objects.count() == 0


def test_change_a_product(api: Api) -> None:
    product = create_product(name="Blue Mug", description="old", price="9.99", stock_quantity=5)
    before = api.get(f"products/{product.pk}/").json
    answer = api.patch(f"products/{product.pk}/", {"price": "0", "description": "", "sku": "M"})
    assert answer.status == 200
    changed = {"price": "0.00", "description": "", "sku": "M"}
    assert answer.json == before | changed | {"updated_at": answer.json["updated_at"]}
    assert answer.json["updated_at"] > before["updated_at"]
    assert api.get(f"products/{product.pk}/").content == answer.content
    assert StockMovement.objects.count() == 1  # nothing but the first


def test_an_empty_change_changes_nothing(api: Api) -> None:
    product = create_product(name="Blue Mug", price="9.99")
    answer = api.patch(f"products/{product.pk}/", {})
    assert (answer.status, answer.json["name"], answer.json["price"]) == (200, "Blue Mug", "9.99")


def test_archive_a_product_and_bring_it_back(api: Api) -> None:
    product = create_product(name="Blue Mug", price="9.99", stock_quantity=5)
    for _ in range(2):
        answer = api.delete(f"products/{product.pk}/")
        assert (answer.status, answer.content) == (204, b"")
    archived = api.get(f"products/{product.pk}/").json
    assert (archived["is_active"], archived["stock_quantity"]) == (False, 5)
    assert api.patch(f"products/{product.pk}/", {"is_active": True}).json["is_active"] is True


def test_a_sku_is_one_products(api: Api) -> None:
    create_product(sku="A", name="first", price="1")
    second = create_product(sku="B", name="second", price="1")
    for answer in (
        api.post("products/", {"sku": "A", "name": "third", "price": "1"}),
        api.patch(f"products/{second.pk}/", {"sku": "A", "name": "changed"}),
    ):
        assert answer.error == (409, "sku_exists", {"sku": ["A is taken."]})
    assert list(Product.objects.values_list("sku", "name")) == [("A", "first"), ("B", "second")]
    assert api.patch(f"products/{second.pk}/", {"sku": "B"}).status == 200


@pytest.mark.parametrize("name", ["Grüne Tasse", "\U0001f375", "a\u0301", "%s\\'\"--", "\u2028x"])
def test_any_text_comes_back_as_it_was_sent(api: Api, name: str) -> None:
    created = api.post("products/", {"name": name, "price": "1", "sku": name, "description": name})
    product = api.get(f"products/{created.json['id']}/").json
    assert (product["name"], product["sku"], product["description"]) == (name, name, name)
    assert ids(api.get(f"products/?sku={quote(name)}")) == [product["id"]]


# Stock


def test_receive_stock(api: Api) -> None:
    product = create_product(name="Blue Mug", price="9.99")
    sent = {"delta": 7, "reason": "received", "note": "Delivery 117"}
    answer = api.post(f"products/{product.pk}/stock/", sent)
    movement = StockMovement.objects.get()
    assert (answer.status, "Idempotent-Replayed" in answer.headers) == (201, False)
    assert TIME.fullmatch(answer.json["created_at"])
    assert answer.json == {
        "id": movement.pk,
        "product_id": product.pk,
        "delta": 7,
        "quantity_after": 7,
        "committed_delta": 0,
        "committed_after": 0,
        "missing": 0,
        "reason": "received",
        "reference": "",
        "note": "Delivery 117",
        "actor": f"client:{api.client_id}",
        "created_at": answer.json["created_at"],
    }
    assert api.get(f"products/{product.pk}/").json["stock_quantity"] == 7


def test_stock_moves_and_is_counted(api: Api) -> None:
    product = create_product(name="Blue Mug", price="9.99", stock_quantity=10)
    url = f"products/{product.pk}/stock/"
    moves = [
        ({"delta": -3, "reason": "corrected"}, (-3, 7, "corrected")),
        ({"delta": 1, "reason": "returned"}, (1, 8, "returned")),
        ({"counted": 5}, (-3, 5, "counted")),
        ({"counted": 5, "note": "again"}, (0, 5, "counted")),
        ({"counted": 0}, (-5, 0, "counted")),
    ]
    for sent, expected in moves:
        moved = api.post(url, sent).json
        assert (moved["delta"], moved["quantity_after"], moved["reason"]) == expected
    assert api.post(url, {"delta": -1, "reason": "corrected"}).error == (
        409,
        "out_of_stock",
        {"delta": ["There are 0 on hand."]},
    )
    assert api.get(f"products/{product.pk}/").json["stock_quantity"] == 0
    movements = api.get(f"products/{product.pk}/movements/").json["results"]
    assert [movement["delta"] for movement in movements] == [-5, 0, -3, 1, -3, 10]


def test_a_product_and_its_movements_say_both_quantities(api: Api) -> None:
    product = create_product(name="Blue Mug", price="9.99", stock_quantity=10)
    sell(product, 4)
    quantities = ("stock_quantity", "committed_quantity", "on_hand")

    def shown() -> list[tuple[int, ...]]:
        """By the lane of reads and by Django's, alone and in a list."""
        url = f"products/{product.pk}/"
        pages = [
            api.get("products/").json["results"],
            api.get("products/?in_stock=true").json["results"],
        ]
        answers = [api.get(url).json, api.patch(url, {}).json, *(page[0] for page in pages if page)]
        return [tuple(each[name] for name in quantities) for each in answers]

    assert shown() == [(6, 4, 10)] * 4
    counted = api.post(f"products/{product.pk}/stock/", {"counted": 3, "expected": 10})
    columns = ("delta", "quantity_after", "committed_delta", "committed_after", "missing")
    assert [counted.json[name] for name in columns] == [-7, -1, 0, 4, 1]
    assert shown() == [(-1, 4, 3)] * 3
    available = api.get(f"products/availability/?ids={product.pk}").json["results"]
    assert [each["available"] for each in available] == [0]
    assert api.get("products/?in_stock=false").json["results"][0]["id"] == product.pk
    again = api.post(f"products/{product.pk}/stock/", {"counted": 3, "expected": 10})
    assert again.error == (409, "stock_changed", {"expected": ["There are 3 on hand."]})
    sell(product, -4)
    assert shown() == [(3, 0, 3)] * 4
    results = api.get(f"products/{product.pk}/movements/").json["results"]
    assert [tuple(each[name] for name in columns) for each in results] == [
        (4, 3, -4, 0, 0),
        (-7, -1, 0, 4, 1),
        (-4, 6, 4, 4, 0),
        (10, 10, 0, 0, 0),
    ]


def test_a_movement_from_before_there_were_two_quantities_is_shown(api: Api) -> None:
    product = create_product(name="Blue Mug", price="9.99")
    StockMovement.objects.create(
        product=product, delta=1, quantity_after=1, reason="received", actor="x"
    )
    [movement] = api.get(f"products/{product.pk}/movements/").json["results"]
    assert (movement["committed_delta"], movement["committed_after"]) == (0, None)


@pytest.mark.parametrize(
    ("sent", "other"),
    [
        ({"delta": 2, "reason": "received"}, {"delta": 3, "reason": "received"}),
        ({"delta": 2, "reason": "received"}, {"delta": 2, "reason": "returned"}),
        ({"delta": 2, "reason": "received"}, {"counted": 2}),
        ({"counted": 2}, {"counted": 3}),
        ({"counted": 2, "note": "a"}, {"counted": 2, "note": "b"}),
    ],
)
def test_the_same_key_moves_stock_once(
    api: Api, sent: dict[str, Any], other: dict[str, Any]
) -> None:
    product = create_product(name="Blue Mug", price="9.99")
    url = f"products/{product.pk}/stock/"
    first = api.post(url, sent, idempotency_key="k")
    again = api.post(url, sent, idempotency_key="k")
    assert (first.status, again.status, again.content) == (201, 201, first.content)
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert api.post(url, other, idempotency_key="k").error == (422, "idempotency_key_reused", {})
    assert StockMovement.objects.count() == 1


def test_a_stock_key_is_the_clients_and_the_products(api: Api, make_api: MakeApi) -> None:
    mug, pot = (create_product(name=name, price="1") for name in ("mug", "pot"))
    other = make_api("stock:write", client="other")
    sent = {"delta": 1, "reason": "received"}
    for client, product in ((api, mug), (api, pot), (other, mug)):
        answer = client.post(f"products/{product.pk}/stock/", sent, idempotency_key="k")
        assert (answer.status, "Idempotent-Replayed" in answer.headers) == (201, False)
    assert api.get(f"products/{mug.pk}/").json["stock_quantity"] == 2


def test_a_refused_move_is_not_remembered(api: Api) -> None:
    product = create_product(name="Blue Mug", price="9.99")
    url = f"products/{product.pk}/stock/"
    sent = {"delta": -1, "reason": "corrected"}
    assert api.post(url, sent, idempotency_key="k").status == 409
    api.post(url, {"counted": 1})
    answer = api.post(url, sent, idempotency_key="k")
    assert (answer.status, answer.json["quantity_after"]) == (201, 0)


def test_a_replayed_move_counts_although_stock_went_on(api: Api) -> None:
    product = create_product(name="Blue Mug", price="9.99", stock_quantity=1)
    url = f"products/{product.pk}/stock/"
    sent = {"delta": -1, "reason": "corrected"}
    first = api.post(url, sent, idempotency_key="k")
    assert api.post(url, sent, idempotency_key="k").content == first.content  # none is left


# Lists


@pytest.fixture
def catalogue(db: None) -> dict[str, int]:
    """Ids by SKU."""
    products: list[dict[str, Any]] = [
        {"sku": "A", "name": "Blue Mug", "price": "9.99", "stock_quantity": 5},
        {"sku": "B", "name": "blue POT", "price": "22.50"},
        {"sku": "C", "name": "STRASSE 100%", "price": "0", "stock_quantity": 1},
        {"sku": "D", "name": "Äpfel_2", "price": "10.00", "is_active": False},
    ]
    return {each["sku"]: create_product(**each).pk for each in products}


@pytest.mark.parametrize(
    ("query", "skus"),
    [
        ("", "ABCD"),
        ("sku=B", "B"),
        ("sku=b", ""),
        ("search=blue", "AB"),
        ("search=BLUE%20m", "A"),
        ("search=straße", "C"),
        ("search=äpf", "D"),
        ("search=ÄPFEL_", "D"),
        ("search=100%25", "C"),
        ("search=___", ""),
        ("search=%25%25%25", ""),
        ("price_min=9.99", "ABD"),
        ("price_min=10", "BD"),
        ("price_max=9.99", "AC"),
        ("price_min=9.99&price_max=10.00", "AD"),
        ("in_stock=true", "AC"),
        ("in_stock=false", "BD"),
        ("in_stock=1&is_active=1", "AC"),
        ("is_active=true", "ABC"),
        ("is_active=false", "D"),
        ("ordering=price", "CADB"),
        ("ordering=-price", "BDAC"),
        ("ordering=-id", "DCBA"),
        ("search=blue&in_stock=false&ordering=-price", "B"),
        ("updated_after=2000-01-01T00:00:00Z", "ABCD"),
        ("updated_after=2100-01-01T00:00:00%2B02:00", ""),
    ],
)
def test_filters_and_orderings(api: Api, catalogue: dict[str, int], query: str, skus: str) -> None:
    assert ids(api.get(f"products/?{query}")) == [catalogue[sku] for sku in skus]


@pytest.mark.parametrize("ordering", ["name", "-name"])
def test_by_name(api: Api, catalogue: dict[str, int], ordering: str) -> None:
    in_order = Product.objects.order_by(ordering).values_list("pk", flat=True)
    assert ids(api.get(f"products/?ordering={ordering}")) == list(in_order)


def test_what_changed_since(api: Api, catalogue: dict[str, int]) -> None:
    last = max(each["updated_at"] for each in api.get("products/").json["results"])
    assert ids(api.get(f"products/?updated_after={last}")) == []
    api.patch(f"products/{catalogue['B']}/", {"price": "1"})
    assert ids(api.get(f"products/?updated_after={last}")) == [catalogue["B"]]


def test_pages_lead_to_each_other(api: Api, catalogue: dict[str, int]) -> None:
    first = api.get("products/?limit=3&ordering=-price&is_active=true")
    assert first.json["results"][0] == api.get(f"products/{catalogue['B']}/").json
    assert (ids(first), first.json["next"]) == ([catalogue[sku] for sku in "BAC"], None)
    one = api.get("products/?limit=1&ordering=-price")
    two = api.get(one.json["next"])
    three = api.get(two.json["next"])
    assert ids(one) + ids(two) + ids(three) == [catalogue[sku] for sku in "BDA"]
    assert api.get(three.json["previous"]).json["results"] == two.json["results"]
    assert ids(api.get(two.json["previous"])) == ids(one)
    assert one.json["previous"] is None


def test_pages_of_movements(api: Api) -> None:
    product = create_product(name="Blue Mug", price="1")
    other = create_product(name="Red Mug", price="1", stock_quantity=1)
    for count in range(1, 4):
        api.post(f"products/{product.pk}/stock/", {"counted": count})
    first = api.get(f"products/{product.pk}/movements/?limit=2").json
    second = api.get(first["next"]).json
    pages = [[each["quantity_after"] for each in page["results"]] for page in (first, second)]
    assert pages == [[3, 2], [1]]
    assert (second["next"], api.get(second["previous"]).json["results"]) == (None, first["results"])
    assert len(ids(api.get(f"products/{other.pk}/movements/"))) == 1


@pytest.mark.parametrize(("path", "statements"), [("products/", 2), ("products/{}/movements/", 3)])
def test_a_list_takes_as_many_statements_however_long_it_is(
    api: Api, django_assert_num_queries: Any, path: str, statements: int
) -> None:
    product = create_product(name="Blue Mug", price="1")
    api.get("products/")  # notes the use of the key
    for length in (1, 50):
        for count in range(length):
            create_product(name="Blue Mug", price="1")
            api.post(f"products/{product.pk}/stock/", {"counted": count})
        with django_assert_num_queries(statements):
            assert api.get(f"{path.format(product.pk)}?limit=100").status == 200
