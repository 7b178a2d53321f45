from django.db import migrations, models

from monoservices.database.append_only import RenewAppendOnly
from monoservices.database.migrating import AddConstraintNotValid


class Migration(migrations.Migration):
    """What became of a line's units, and of an order. The next migration checks the old rows."""

    dependencies = [("orders", "0012_open_commitments")]

    operations = [
        migrations.RemoveConstraint(
            model_name="orderevent",
            name="event_is_legal",
        ),
        migrations.AddField(
            model_name="order",
            name="credited",
            field=models.DecimalField(db_default=0, decimal_places=2, default=0, max_digits=14),
        ),
        migrations.AddField(
            model_name="order",
            name="partly_shipped",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name="orderline",
            name="canceled_quantity",
            field=models.IntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="orderline",
            name="returned_quantity",
            field=models.IntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="orderline",
            name="shipped_quantity",
            field=models.IntegerField(db_default=0, default=0),
        ),
        AddConstraintNotValid(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(("credited__gte", 0), ("credited__lte", models.F("total"))),
                name="order_total_not_below_credited",
            ),
        ),
        AddConstraintNotValid(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("partly_shipped", False),
                    models.Q(("held_until__isnull", True), ("status", "pending")),
                    _connector="OR",
                ),
                name="order_partly_shipped_while_pending",
            ),
        ),
        AddConstraintNotValid(
            model_name="orderevent",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("from_status", ""), ("to_status", "pending"), ("type", "placed")),
                    models.Q(
                        ("from_status", "pending"), ("to_status", "pending"), ("type", "confirmed")
                    ),
                    models.Q(
                        ("from_status", "pending"), ("to_status", "pending"), ("type", "changed")
                    ),
                    models.Q(
                        ("from_status", "pending"), ("to_status", "shipped"), ("type", "changed")
                    ),
                    models.Q(
                        ("from_status", "pending"), ("to_status", "delivered"), ("type", "changed")
                    ),
                    models.Q(
                        ("from_status", "pending"), ("to_status", "shipped"), ("type", "shipped")
                    ),
                    models.Q(
                        ("from_status", "pending"), ("to_status", "pending"), ("type", "shipped")
                    ),
                    models.Q(
                        ("from_status", "shipped"),
                        ("to_status", "delivered"),
                        ("type", "delivered"),
                    ),
                    models.Q(
                        ("from_status", "shipped"), ("to_status", "shipped"), ("type", "delivered")
                    ),
                    models.Q(
                        ("from_status", "pending"), ("to_status", "pending"), ("type", "delivered")
                    ),
                    models.Q(
                        ("from_status", "pending"), ("to_status", "canceled"), ("type", "canceled")
                    ),
                    models.Q(
                        ("from_status", "pending"), ("to_status", "pending"), ("type", "canceled")
                    ),
                    models.Q(
                        ("from_status", "pending"), ("to_status", "shipped"), ("type", "canceled")
                    ),
                    models.Q(
                        ("from_status", "pending"), ("to_status", "delivered"), ("type", "canceled")
                    ),
                    models.Q(
                        ("from_status", "canceled"), ("to_status", "pending"), ("type", "revived")
                    ),
                    models.Q(
                        ("from_status", "pending"), ("to_status", "pending"), ("type", "paid")
                    ),
                    models.Q(
                        ("from_status", "shipped"), ("to_status", "shipped"), ("type", "paid")
                    ),
                    models.Q(
                        ("from_status", "delivered"), ("to_status", "delivered"), ("type", "paid")
                    ),
                    models.Q(
                        ("from_status", "canceled"), ("to_status", "canceled"), ("type", "paid")
                    ),
                    models.Q(
                        ("from_status", "pending"), ("to_status", "pending"), ("type", "refunded")
                    ),
                    models.Q(
                        ("from_status", "shipped"), ("to_status", "shipped"), ("type", "refunded")
                    ),
                    models.Q(
                        ("from_status", "delivered"),
                        ("to_status", "delivered"),
                        ("type", "refunded"),
                    ),
                    models.Q(
                        ("from_status", "canceled"), ("to_status", "canceled"), ("type", "refunded")
                    ),
                    models.Q(
                        ("from_status", "pending"), ("to_status", "pending"), ("type", "returned")
                    ),
                    models.Q(
                        ("from_status", "shipped"), ("to_status", "shipped"), ("type", "returned")
                    ),
                    models.Q(
                        ("from_status", "delivered"),
                        ("to_status", "delivered"),
                        ("type", "returned"),
                    ),
                    _connector="OR",
                ),
                name="event_is_legal",
            ),
        ),
        AddConstraintNotValid(
            model_name="orderline",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("canceled_quantity__gte", 0),
                    ("returned_quantity__gte", 0),
                    ("shipped_quantity__gte", 0),
                ),
                name="line_units_not_negative",
            ),
        ),
        AddConstraintNotValid(
            model_name="orderline",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("quantity__gte", models.F("shipped_quantity") + models.F("canceled_quantity"))
                ),
                name="line_units_within_quantity",
            ),
        ),
        AddConstraintNotValid(
            model_name="orderline",
            constraint=models.CheckConstraint(
                condition=models.Q(("shipped_quantity__gte", models.F("returned_quantity"))),
                name="line_units_returned_within_shipped",
            ),
        ),
        RenewAppendOnly("OrderEvent"),
    ]
