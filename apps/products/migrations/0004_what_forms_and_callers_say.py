from decimal import Decimal

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import migrations, models
from django.utils import timezone

import apps.products.models

QUANTITY = [MinValueValidator(0), MaxValueValidator(2147483647)]


class Migration(migrations.Migration):
    """Labels and bounds for forms, and a movement's `created_at` that callers can pass.

    No column changes. On SQLite, AlterField would rebuild the table of movements and lose the
    triggers that make it append-only, so Django only takes note of the new state.
    """

    dependencies = [("products", "0003_stock_request")]
    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AlterField(
                    "Product",
                    "sku",
                    models.CharField(
                        "SKU",
                        default=apps.products.models.generate_sku,
                        max_length=100,
                        unique=True,
                        validators=[apps.products.models.validate_sku],
                    ),
                ),
                migrations.AlterField(
                    "Product", "description", models.TextField(blank=True, max_length=10_000)
                ),
                migrations.AlterField(
                    "Product",
                    "price",
                    models.DecimalField(
                        decimal_places=2,
                        max_digits=10,
                        validators=[
                            MinValueValidator(0),
                            MaxValueValidator(Decimal("99999999.99")),
                        ],
                    ),
                ),
                migrations.AlterField(
                    "Product",
                    "stock_quantity",
                    models.IntegerField("stock", default=0, validators=QUANTITY),
                ),
                migrations.AlterField(
                    "Product",
                    "low_stock_at",
                    models.IntegerField(blank=True, null=True, validators=QUANTITY),
                ),
                migrations.AlterField(
                    "Product", "is_active", models.BooleanField("on sale", default=True)
                ),
                migrations.AlterField(
                    "StockMovement",
                    "created_at",
                    models.DateTimeField(default=timezone.now, editable=False),
                ),
            ]
        ),
    ]
