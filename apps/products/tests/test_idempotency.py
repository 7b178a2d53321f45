"""`POST products/` with an Idempotency-Key."""

from collections.abc import Callable

import pytest
from django.utils import timezone

from apps.products.models import Product, ProductRequest, StockMovement
from conftest import Api
from monoservices.database.stored_requests import erase_requests

MUG = {"name": "Mug", "price": "9.99", "stock_quantity": 5}


@pytest.mark.parametrize("product", [MUG, MUG | {"sku": "MUG"}], ids=["no SKU", "SKU"])
def test_a_product_is_created_once(api: Api, product: dict[str, object]) -> None:
    first = api.post("products/", product, idempotency_key="k")
    again = api.post("products/", product, idempotency_key="k")
    assert (first.status, again.status) == (201, 201)
    assert again.content == first.content
    assert (first.headers.get("Idempotent-Replayed"), again.headers["Idempotent-Replayed"]) == (
        None,
        "true",
    )
    assert (Product.objects.count(), StockMovement.objects.count()) == (1, 1)


def test_the_key_with_another_product_is_refused(api: Api) -> None:
    api.post("products/", MUG, idempotency_key="k")
    other = api.post("products/", MUG | {"price": "9.98"}, idempotency_key="k")
    assert other.error == (422, "idempotency_key_reused", {})
    assert Product.objects.count() == 1


def test_a_refusal_is_not_stored(api: Api) -> None:
    taken = api.post("products/", MUG | {"sku": "MUG"}).json["id"]
    for _ in range(2):
        refused = api.post("products/", MUG | {"sku": "MUG"}, idempotency_key="k")
        assert refused.error == (409, "sku_exists", {"sku": ["MUG is taken."]})
    api.patch(f"products/{taken}/", {"sku": "POT"})
    assert api.post("products/", MUG | {"sku": "MUG"}, idempotency_key="k").status == 201
    assert Product.objects.count() == 2


def test_a_key_belongs_to_its_client(make_api: Callable[..., Api]) -> None:
    for client in ("one", "two"):
        api = make_api("products:write", client=client)
        assert (
            api.post("products/", MUG, idempotency_key="k").headers.get("Idempotent-Replayed")
            is None
        )
    assert Product.objects.count() == 2


def test_an_erased_key_is_a_new_one(api: Api) -> None:
    api.post("products/", MUG, idempotency_key="k")
    assert erase_requests(ProductRequest, before=timezone.now()) == 1
    assert api.post("products/", MUG, idempotency_key="k").status == 201
    assert Product.objects.count() == 2
