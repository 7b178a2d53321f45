from decimal import Decimal

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0014_parts_checked"),
    ]

    operations = [
        migrations.CreateModel(
            name="Shipment",
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
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="shipments",
                        to="orders.order",
                    ),
                ),
                ("client_id", models.BigIntegerField()),
                ("version", models.IntegerField()),
                ("idempotency_key", models.CharField(blank=True, max_length=255, null=True)),
                ("fingerprint", models.CharField(blank=True, max_length=64)),
                ("actor", models.CharField(max_length=200)),
                ("created_at", models.DateTimeField()),
            ],
            options={
                "ordering": ("-pk",),
                "indexes": [
                    models.Index(fields=["client_id", "id"], name="shipment_by_client"),
                    models.Index(fields=["created_at"], name="shipment_by_created_at"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("order", "version"), name="shipment_once_per_version"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("idempotency_key__isnull", False)),
                        fields=("order", "actor", "idempotency_key"),
                        name="shipment_once_per_key",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ShipmentLine",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "shipment",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="lines",
                        to="orders.shipment",
                    ),
                ),
                (
                    "line",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="orders.orderline",
                    ),
                ),
                ("quantity", models.IntegerField()),
            ],
            options={
                "ordering": ("pk",),
                "constraints": [
                    models.UniqueConstraint(fields=("shipment", "line"), name="shipment_line_once"),
                    models.CheckConstraint(
                        condition=models.Q(("quantity__gte", 1), ("quantity__lte", 1000000)),
                        name="shipment_line_quantity_in_bounds",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Delivery",
            fields=[
                (
                    "shipment",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="delivery",
                        serialize=False,
                        to="orders.shipment",
                    ),
                ),
                ("actor", models.CharField(max_length=200)),
                ("created_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Tracking",
            fields=[
                (
                    "shipment",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="tracking",
                        serialize=False,
                        to="orders.shipment",
                    ),
                ),
                ("carrier", models.CharField(blank=True, max_length=100)),
                ("tracking_number", models.CharField(blank=True, max_length=100)),
                ("tracking_url", models.CharField(blank=True, max_length=500)),
            ],
        ),
        migrations.CreateModel(
            name="Return",
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
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="returns",
                        to="orders.order",
                    ),
                ),
                ("client_id", models.BigIntegerField()),
                ("version", models.IntegerField()),
                ("idempotency_key", models.CharField(max_length=255)),
                ("fingerprint", models.CharField(max_length=64)),
                ("actor", models.CharField(max_length=200)),
                ("credit", models.DecimalField(decimal_places=2, max_digits=14)),
                ("created_at", models.DateTimeField()),
            ],
            options={
                "ordering": ("-pk",),
                "indexes": [
                    models.Index(fields=["client_id", "id"], name="return_by_client"),
                    models.Index(fields=["created_at"], name="return_by_created_at"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("order", "version"), name="return_once_per_version"
                    ),
                    models.UniqueConstraint(
                        fields=("order", "actor", "idempotency_key"), name="return_once_per_key"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("credit__gte", 0), ("credit__lte", Decimal("999999999999.99"))
                        ),
                        name="return_credit_in_bounds",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ReturnLine",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "order_return",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="lines",
                        to="orders.return",
                    ),
                ),
                (
                    "line",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="orders.orderline",
                    ),
                ),
                ("quantity", models.IntegerField()),
                ("is_restocked", models.BooleanField()),
                ("credit", models.DecimalField(decimal_places=2, max_digits=14)),
            ],
            options={
                "ordering": ("pk",),
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("line__isnull", True)),
                        fields=("order_return",),
                        name="return_charges_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("line__isnull", False),
                                ("quantity__gte", 1),
                                ("quantity__lte", 1000000),
                            ),
                            models.Q(
                                ("credit__gt", 0),
                                ("is_restocked", False),
                                ("line__isnull", True),
                                ("quantity", 0),
                            ),
                            _connector="OR",
                        ),
                        name="return_line_of_goods_or_charges",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("credit__gte", 0), ("credit__lte", Decimal("999999999999.99"))
                        ),
                        name="return_line_credit_in_bounds",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ReturnReason",
            fields=[
                (
                    "return_line",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="reason",
                        serialize=False,
                        to="orders.returnline",
                    ),
                ),
                ("text", models.CharField(max_length=500)),
            ],
        ),
        migrations.CreateModel(
            name="Cancellation",
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
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="cancellations",
                        to="orders.order",
                    ),
                ),
                ("version", models.IntegerField()),
                ("idempotency_key", models.CharField(max_length=255)),
                ("fingerprint", models.CharField(max_length=64)),
                ("actor", models.CharField(max_length=200)),
            ],
            options={
                "ordering": ("pk",),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("order", "actor", "idempotency_key"),
                        name="cancellation_once_per_key",
                    )
                ],
            },
        ),
    ]
