"""Finding orders by a part of a reference, of an e-mail address or of a SKU."""

import random
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import quote

import pytest
from django.utils import timezone

from apps.orders.microservice_communication import client_id_for
from apps.orders.models import Order
from apps.orders.searching import by_index, products, stretches
from apps.orders.searching.asked import ALL, Search, Wanted
from apps.orders.searching.finding import page_ids
from apps.orders.tests.product_rows import make_product, set_product
from conftest import Answer, Api
from monoservices.database.statements import enqueue

MakeApi = Callable[..., Api]
pytestmark = pytest.mark.django_db


def place(api: Api, sku: str, **details: Any) -> int:
    answer = api.post("orders/", {"lines": [{"sku": sku, "quantity": 1}]} | details)
    assert answer.status == 201, answer.content
    order_id: int = answer.json["id"]
    return order_id


def ids(answer: Answer) -> list[int]:
    assert answer.status == 200, answer.content
    return [each["id"] for each in answer.json["results"]]


def search(api: Api, text: str, more: str = "") -> list[int]:
    return ids(api.get(f"orders/?search={quote(text)}{more}"))


@pytest.fixture(autouse=True)
def _products(db: None) -> None:
    make_product(sku="MUG-blue", stock=100)
    make_product(sku="POT", stock=100)


def test_a_part_of_each_text_in_any_case(api: Api) -> None:
    first = place(api, "MUG-blue", reference="Web-17", customer_email="Ada@Example.com")
    second = place(api, "POT", reference="web-18", customer_email="bob@example.org")
    third = place(api, "MUG-blue")
    expected = {
        "web-1": [second, first],
        "EB-17": [first],
        "ada@": [first],
        "EXAMPLE": [second, first],
        "example.org": [second],
        "mug": [third, first],
        "G-B": [third, first],
        "pot": [second],
        "web-19": [],
        "17Ada": [],  # the end of one text and the beginning of another
    }
    assert {text: search(api, text) for text in expected} == expected


@pytest.mark.parametrize(
    ("reference", "found", "not_found"),
    [
        ("100% of_it", ["0% ", "f_i", "100%"], ["0%o", "%%%", "___", "f%i"]),
        (r"a\b\c", [r"\b\ "[:3], r"A\B"], ["a/b", r"\\\ "[:3]]),
        ("a.b+c(d)[e]", [".b+", "+C(", ")[e"], ["a+b", "..."]),
        ("x:#/ y-@.", [":#/", "/ Y-", "-@."], ["x::"]),
        ("\u00c4pfel \u0416\u0443\u043a", ["\u00e4PF", "\u0436\u0423\u041a", "l \u0436"], ["apf"]),
        ("\u03a3\u038a\u03a3", ["\u03c3\u03af\u03c3"], ["\u03c3\u03b9\u03c3"]),
        ("\U0001f375\U0001f375\U0001f375", ["\U0001f375\U0001f375\U0001f375"], ["\U0001f376" * 3]),
        ("' OR 1=1 --", ["' or", "1 --"], ["'' "]),
    ],
)
def test_no_character_has_a_meaning(
    api: Api, reference: str, found: list[str], not_found: list[str]
) -> None:
    order_id = place(api, "POT", reference=reference)
    assert {text: search(api, text) for text in found} == {text: [order_id] for text in found}
    assert {text: search(api, text) for text in not_found} == {text: [] for text in not_found}


@pytest.mark.parametrize("path", ["orders/", "orders/export/"])
@pytest.mark.parametrize(
    ("sent", "message"),
    [
        ("ab", "Expected text of 3 to 200 characters."),
        ("a" * 201, "Expected text of 3 to 200 characters."),
        ("ab%00c", "The character NUL is not allowed."),
        ("abc&search=abd", "Send this parameter only once."),
    ],
)
def test_what_is_refused_names_the_field(api: Api, path: str, sent: str, message: str) -> None:
    assert api.get(f"{path}?search={sent}").error == (400, "invalid", {"search": [message]})


def test_the_longest_text_that_is_taken(api: Api) -> None:
    assert search(api, "a" * 200) == []


def test_a_cursor_of_another_list_is_refused(api: Api) -> None:
    for more in ("", "&status=pending"):
        answer = api.get(f"orders/?search=web&cursor=x{more}")
        assert (answer.status, [*answer.json["errors"]]) == (400, ["cursor"])


def test_other_filters_and_the_export_take_it_too(api: Api) -> None:
    first = place(api, "POT", reference="web-1")
    second = place(api, "MUG-blue", reference="web-2", customer_email="ada@example.com")
    third = place(api, "MUG-blue", reference="shop")
    api.post(f"orders/{first}/cancel/")
    assert search(api, "web", "&status=pending") == [second]
    assert search(api, "mug", "&customer_email=ada@example.com") == [second]
    assert search(api, "web", "&held=false&payment_status=unpaid") == [second, first]
    assert search(api, "mug", "&created_after=2100-01-01T00:00:00Z") == []
    lines = api.get("orders/export/?search=MUG", accept="application/jsonl").content.splitlines()
    assert [
        f'"id":{each}' in line.decode() for each, line in zip([second, third], lines, strict=True)
    ] == [True, True]
    assert api.get("orders/export/?search=web&status=canceled").content.count(b"web-") == 1


def test_orders_of_other_clients_are_not_found(api: Api, make_api: MakeApi) -> None:
    own = make_api("orders:read", "orders:write", client="other")
    mine = place(own, "POT", reference="web-1")
    others = place(api, "POT", reference="web-1")
    assert (search(own, "web-1"), search(own, "pot", "&status=pending")) == ([mine], [mine])
    assert search(api, "web-1") == [others, mine]  # it manages orders


def test_a_sku_is_the_one_that_the_product_has_now(api: Api) -> None:
    cup = make_product(sku="CUP", stock=9)
    order_id = place(api, "CUP")
    set_product(cup, sku="BEAKER")
    assert (search(api, "cup"), search(api, "beak")) == ([], [order_id])


@pytest.mark.parametrize("more", ["", "&status=pending"])
def test_pages_with_new_orders_between(api: Api, more: str) -> None:
    orders = [place(api, "POT", reference=f"web {n}") for n in range(5)][::-1]
    first = api.get(f"orders/?search=WEB%20&limit=2{more}")
    newest = place(api, "POT", reference="web 5")
    place(api, "POT", reference="shop")
    second = api.get(first.json["next"])
    third = api.get(second.json["next"])
    assert [ids(first), ids(second), ids(third)] == [orders[:2], orders[2:4], orders[4:]]
    assert third.json["next"] is None
    back = api.get(api.get(third.json["previous"]).json["previous"])
    assert ids(back) == orders[:2]
    assert ids(api.get(back.json["previous"])) == [newest]


@pytest.mark.parametrize("more", ["", "&status=pending"])
def test_a_search_takes_three_statements(
    api: Api, more: str, django_assert_num_queries: Any
) -> None:
    search(api, "web")  # notes the use of the key
    for length in (1, 30):
        for _ in range(length):
            place(api, "POT", reference="web")
        for text in ("web", "pot", "nothing"):
            with django_assert_num_queries(3):
                search(api, text, more)


# Whatever the way to a page is


def fill(texts: Iterable[tuple[int, str]]) -> None:
    """Orders with these ids and references; every second one is of another client."""
    clients = [client_id_for(built_in=name) for name in ("console", "demo")]
    moment = timezone.now()
    Order.objects.bulk_create(
        Order(
            id=key,
            client_id=clients[number % 2],
            currency="EUR",
            total=1,
            reference=reference,
            idempotency_key=str(key),
            created_at=moment,
            updated_at=moment,
        )
        for number, (key, reference) in enumerate(texts)
    )


def page(text: str, wanted: Wanted) -> list[int]:
    orders = ALL
    if wanted.owner is not None:
        orders = ("orders_order.client_id = %s", [wanted.owner])
    found = [key for (key,) in enqueue(*page_ids(orders, Search(text, ()), wanted)).fetch()]
    return sorted(found, reverse=wanted.descending)


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bounds so low that a few orders are many."""
    monkeypatch.setattr(by_index, "RECENT", 3)
    monkeypatch.setattr(stretches, "FEW", 2)
    monkeypatch.setattr(stretches, "SOME", 4)


@pytest.mark.parametrize("first_stretches", [0, 1, 2])
@pytest.mark.usefixtures("narrow")
def test_every_way_to_a_page_gives_the_same(
    first_stretches: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ids are near and far, so that they are in the same and in other stretches."""
    monkeypatch.setattr(stretches, "FIRST_STRETCHES", first_stretches)
    monkeypatch.setattr(stretches, "FIRST_STRETCHES_OF_SHORT", first_stretches + 1)
    chance = random.Random(7)  # noqa: S311 - repeatable
    keys = sorted(
        {base + chance.randrange(3000) for base in (1, 131_000, 400_000) for _ in range(25)}
    )
    texts = ["web-1", "web-12", "shop", "", "old-9"]
    few = {*keys[5:7], *keys[44:46]}  # of both clients, so few that asking for all settles it
    fill((key, "few" if key in few else chance.choice(texts)) for key in keys)
    rows = list(Order.objects.order_by("pk").values_list("pk", "client_id", "reference"))
    owners = [None, rows[0][1], rows[1][1]]
    for text in ("web", "web-12", "old", "few", "zzz"):
        for owner in owners:
            for limit in (1, 3, 50):
                for beyond in (None, keys[3], keys[40], keys[-1]):
                    for descending in (True, False):
                        wanted = Wanted(limit, beyond, descending, owner)
                        matching = [
                            key
                            for key, client, reference in rows
                            if text in reference
                            and owner in (None, client)
                            and (beyond is None or (key < beyond if descending else key > beyond))
                        ]
                        expected = matching[::-1][:limit] if descending else matching[:limit]
                        assert page(text, wanted) == expected, wanted


@pytest.mark.usefixtures("narrow")
@pytest.mark.parametrize("few_products", [0, 300])
def test_products_of_many_and_of_few_orders(
    api: Api, few_products: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(products, "FEW_PRODUCTS", few_products)
    orders = [place(api, sku) for sku in ["MUG-blue"] + ["POT"] * 6 + ["MUG-blue", "POT"]][::-1]
    pots = [each for each in orders if each not in (orders[1], orders[-1])]
    assert search(api, "mug") == [orders[1], orders[-1]]
    assert search(api, "pot") == pots
    assert search(api, "pot", "&limit=3&status=pending") == pots[:3]
    api.post(f"orders/{pots[-1]}/cancel/")
    assert search(api, "pot", "&status=canceled") == [pots[-1]]
