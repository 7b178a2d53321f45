"""The API rejects bad input by field name and changes nothing, on every database.

The expectations are exact: both databases are compared by them.
"""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from django.db import transaction

from apps.accounts.operations import issue_key
from apps.accounts.scopes import known_scopes
from apps.products.operations import archive_product, create_product
from conftest import Api
from monoservices.services.config import services
from tests.bad_input.bodies import BODIES
from tests.bad_input.cases import Case
from tests.bad_input.orders import ORDERS
from tests.bad_input.parcels import PARCELS
from tests.bad_input.payments import PAYMENTS
from tests.bad_input.products import FILES, PRODUCTS, STOCK, STOCKS
from tests.bad_input.requests import ADDRESSES, HEADERS, QUERIES

CASES = {
    f"{table}: {name}": each
    for table, cases in {
        "addresses": ADDRESSES,
        "queries": QUERIES,
        "headers": HEADERS,
        "bodies": BODIES,
        "products": PRODUCTS,
        "stock": STOCK,
        "stocks": STOCKS,
        "files": FILES,
        "orders": ORDERS,
        "payments": PAYMENTS,
        "parcels": PARCELS,
    }.items()
    for name, each in cases.items()
}


PAID = {"amount": "5", "method": "card", "provider": "bank", "provider_reference": "B-1"}
"""What was paid for <paid>."""


class Shop(NamedTuple):
    """A client with every scope, and ids by name."""

    api: Api
    ids: dict[str, int]


@pytest.fixture(scope="module")
def shop(django_db_setup: None, django_db_blocker: Any) -> Iterator[Shop]:
    """Products with and without stock, and orders. All cases share them; none changes them."""
    with django_db_blocker.unblock(), transaction.atomic():
        api = Api(issue_key(client_name="shop", scopes=known_scopes()).secret)
        mug = create_product(sku="MUG", name="Mug", price="9.99", stock_quantity=8).pk
        gold = create_product(
            sku="GOLD", name="Gold", price="99999999.99", stock_quantity=2**31 - 1
        ).pk
        archive_product(product_id=create_product(sku="OLD", name="Old", price="1").pk)
        order = api.post("orders/", {"product_id": mug, "quantity": 2}).json["id"]
        shipped = api.post("orders/", {"product_id": mug, "quantity": 1}).json["id"]
        assert api.post(f"orders/{shipped}/ship/").status == 200
        shipment = api.get(f"orders/{shipped}/shipments/").json["results"][0]["id"]
        pen = create_product(sku="PEN", name="Pen", price="10.00", stock_quantity=1).pk
        paid = api.post("orders/", {"product_id": pen, "quantity": 1}).json["id"]
        assert api.post(f"orders/{paid}/payments/", PAID).status == 201
        orders = {"order": order, "shipped": shipped, "paid": paid, "shipment": shipment}
        yield Shop(api, {"mug": mug, "gold": gold} | orders)
        transaction.set_rollback(True)


def rows() -> dict[str, list[dict[str, Any]]]:
    """All rows of the shop's tables."""
    return {
        model._meta.label: list(model._default_manager.order_by("pk").values())
        for service in services()
        if service.label != "accounts"
        for model in service.get_models()
    }


def body_of(case: Case, ids: dict[str, int]) -> bytes:
    body = case.body if isinstance(case.body, bytes) else json.dumps(case.body).encode()
    for name, key in ids.items():
        body = body.replace(f'"<{name}>"'.encode(), b"%d" % key)
        body = body.replace(f"<{name}>".encode(), b"%d" % key)
    return body


@pytest.mark.django_db
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_bad_input(shop: Shop, case: Case) -> None:
    before = rows()
    method, path = case.request.split(" ", maxsplit=1)
    for name, key in shop.ids.items():
        path = path.replace(f"<{name}>", str(key))
    response = shop.api.send(method, path, body=body_of(case, shop.ids), **case.headers)
    status, code, errors = response.error
    assert (status, code, sorted(errors)) == (case.status, case.code, sorted(case.fields))
    assert all(messages and all(messages) for messages in errors.values())
    assert rows() == before


def test_every_case_has_a_name_of_its_own() -> None:
    tables = (
        *(ADDRESSES, QUERIES, HEADERS, BODIES, PRODUCTS, STOCK, STOCKS, FILES, ORDERS),
        *(PAYMENTS, PARCELS),
    )
    assert len(CASES) == sum(len(table) for table in tables)
