from decimal import Decimal
from typing import Any

from django.http import HttpResponse
from django.test import TestCase

from products.models import Product


class ProductTest(TestCase):
    def post(self, data: dict[str, Any]) -> HttpResponse:
        return self.client.post("/api/products/", data, content_type="application/json")

    def test_create_and_update(self) -> None:
        mug = Product.create_product("Blue Mug", "Holds tea.", Decimal("9.99"), 10)
        mug.update_product(description="", stock_quantity=0)
        saved = Product.objects.get()
        assert (str(saved), saved.description) == ("Blue Mug", "")
        assert (saved.price, saved.stock_quantity) == (Decimal("9.99"), 0)

    def test_the_view(self) -> None:
        mug = {"name": "Blue Mug", "price": "9.99", "stock_quantity": 10}
        response = self.post(mug)
        product = Product.objects.get()
        assert response.status_code == 201
        assert response.json() == {"id": product.pk, "description": "", **mug}
        response = self.post(mug | {"price": "-1"})
        assert (response.status_code, list(response.json())) == (400, ["price"])
        assert Product.objects.count() == 1
