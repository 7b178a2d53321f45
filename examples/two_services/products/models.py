from decimal import Decimal

from django.db import models


class Product(models.Model):
    name = models.CharField(max_length=255)
    description = models.TextField(blank=True)
    price = models.DecimalField(max_digits=10, decimal_places=2)
    stock_quantity = models.PositiveIntegerField()

    def __str__(self) -> str:
        return self.name

    @classmethod
    def create_product(
        cls, name: str, description: str, price: Decimal, stock_quantity: int
    ) -> "Product":
        return cls.objects.create(
            name=name, description=description, price=price, stock_quantity=stock_quantity
        )

    def update_product(
        self,
        name: str | None = None,
        description: str | None = None,
        price: Decimal | None = None,
        stock_quantity: int | None = None,
    ) -> None:
        """Set what is passed, zero and the empty string included."""
        passed = {
            "name": name,
            "description": description,
            "price": price,
            "stock_quantity": stock_quantity,
        }
        for field, value in passed.items():
            if value is not None:
                setattr(self, field, value)
        self.save()
