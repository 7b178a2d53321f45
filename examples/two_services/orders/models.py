from django.db import models

from orders.microservice_communication import get_product_by_id, get_products_by_name


class Order(models.Model):
    class Status(models.TextChoices):
        PENDING = "pending"
        SHIPPED = "shipped"
        DELIVERED = "delivered"
        CANCELED = "canceled"

    product = models.ForeignKey("products.Product", on_delete=models.PROTECT, related_name="+")
    quantity = models.PositiveIntegerField()
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        product = get_product_by_id(self.product_id)
        return f"Order #{self.pk} - {product.name if product else 'unknown'}"

    @classmethod
    def create_order(cls, product_name: str, quantity: int) -> "Order | None":
        """Order the product of exactly this name; None if there is no such product."""
        for product in get_products_by_name(product_name):
            if product.name == product_name:
                return cls.objects.create(product_id=product.id, quantity=quantity)
        return None

    def update_order(self, quantity: int | None = None, status: str | None = None) -> None:
        """Set what is passed."""
        if quantity is not None:
            self.quantity = quantity
        if status is not None:
            self.status = status
        self.save()
