from decimal import Decimal

import django.db.models.deletion
from django.db import migrations, models

from monoservices.database.migrating import AddConstraintNotValid


class Migration(migrations.Migration):
    """Charges of orders, and what is known of taxes. The next migration checks the old lines."""

    dependencies = [
        ("orders", "0003_append_only_again"),
    ]

    operations = [
        migrations.CreateModel(
            name="OrderCharge",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="charges",
                        to="orders.order",
                    ),
                ),
                (
                    "type",
                    models.CharField(
                        choices=[
                            ("shipping", "Shipping"),
                            ("discount", "Discount"),
                            ("fee", "Fee"),
                            ("rounding", "Rounding"),
                        ],
                        max_length=8,
                    ),
                ),
                ("label", models.CharField(blank=True, max_length=200)),
                ("amount", models.DecimalField(decimal_places=2, max_digits=14)),
                ("tax_rate", models.DecimalField(decimal_places=2, max_digits=5, null=True)),
                ("tax_amount", models.DecimalField(decimal_places=2, max_digits=14, null=True)),
            ],
            options={
                "ordering": ("pk",),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("type__in", ("shipping", "discount", "fee", "rounding"))
                        ),
                        name="charge_type_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("amount__gte", Decimal("-999999999999.99")),
                            ("amount__lte", Decimal("999999999999.99")),
                            ("tax_amount__gte", Decimal("-999999999999.99")),
                            ("tax_amount__lte", Decimal("999999999999.99")),
                            ("tax_rate__gte", 0),
                            ("tax_rate__lte", 100),
                        ),
                        name="charge_in_bounds",
                    ),
                ],
            },
        ),
        migrations.AddField(
            model_name="order",
            name="charges_total",
            field=models.DecimalField(decimal_places=2, max_digits=14, null=True),
        ),
        migrations.AddField(
            model_name="orderline",
            name="tax_amount",
            field=models.DecimalField(decimal_places=2, max_digits=14, null=True),
        ),
        migrations.AddField(
            model_name="orderline",
            name="tax_rate",
            field=models.DecimalField(decimal_places=2, max_digits=5, null=True),
        ),
        AddConstraintNotValid(
            model_name="orderline",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("tax_rate__gte", 0),
                    ("tax_rate__lte", 100),
                    ("tax_amount__gte", 0),
                    ("tax_amount__lte", Decimal("999999999999.99")),
                ),
                name="line_tax_in_bounds",
            ),
        ),
    ]
