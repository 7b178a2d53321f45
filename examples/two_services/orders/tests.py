from decimal import Decimal

from django.http import HttpResponse
from django.test import TestCase
from products.models import Product

from orders import microservice_communication
from orders.models import Order
from orders.serializers import OrderSerializer


class OrderTest(TestCase):
    def setUp(self) -> None:
        self.mug = Product.create_product("Blue Mug", "Holds tea.", Decimal("9.99"), 10)
        Product.create_product("Blue Mug, large", "Holds more tea.", Decimal("12.99"), 10)

    def post(self, data: dict[str, int]) -> HttpResponse:
        return self.client.post("/api/orders/", data, content_type="application/json")

    def test_create_and_update(self) -> None:
        order = Order.create_order("Blue Mug", 2)
        assert order is not None
        assert (order.product_id, str(order)) == (self.mug.pk, f"Order #{order.pk} - Blue Mug")
        order.update_order(quantity=3)
        order.update_order(status="shipped")
        assert Order.objects.filter(quantity=3, status="shipped").count() == 1

    def test_no_product_has_the_name(self) -> None:
        assert Order.create_order("Blue", 2) is None
        assert Order.objects.count() == 0

    def test_communication(self) -> None:
        with self.assertNumQueries(2):
            found = microservice_communication.get_products_by_name("blue mug")
            one = microservice_communication.get_product_by_id(self.mug.pk)
        assert [each.name for each in found] == ["Blue Mug", "Blue Mug, large"]
        assert one == found[0]

    def test_the_serializer_updates(self) -> None:
        order = Order.create_order("Blue Mug", 2)
        serializer = OrderSerializer(order, data={"quantity": 5}, partial=True)
        assert serializer.is_valid()
        assert serializer.save().quantity == 5

    def test_the_view(self) -> None:
        response = self.post({"product_id": self.mug.pk, "quantity": 2})
        order = Order.objects.get()
        assert response.status_code == 201
        assert response.json() == {
            "id": order.pk,
            "product_id": self.mug.pk,
            "quantity": 2,
            "status": "pending",
        }
        response = self.post({"product_id": 0, "quantity": 0})
        assert (response.status_code, set(response.json())) == (400, {"product_id", "quantity"})
        assert Order.objects.count() == 1
