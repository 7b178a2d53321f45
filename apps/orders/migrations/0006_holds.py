from django.db import migrations, models

from monoservices.database.append_only import RenewAppendOnly
from monoservices.database.migrating import AddConstraintNotValid


class Migration(migrations.Migration):
    """Holds, and events that have the order's version. The next migration checks the old rows."""

    dependencies = [("orders", "0005_charges_checked")]

    operations = [
        migrations.AddField(
            model_name="order",
            name="canceled_because",
            field=models.CharField(
                blank=True,
                choices=[("requested", "Requested"), ("expired", "Expired")],
                max_length=9,
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="order",
            name="held_until",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="orderevent",
            name="version",
            field=models.IntegerField(null=True),
        ),
        migrations.AlterField(
            model_name="orderevent",
            name="type",
            field=models.CharField(
                choices=[
                    ("placed", "Placed"),
                    ("confirmed", "Confirmed"),
                    ("changed", "Changed"),
                    ("shipped", "Shipped"),
                    ("delivered", "Delivered"),
                    ("canceled", "Canceled"),
                    ("revived", "Revived"),
                    ("paid", "Paid"),
                    ("refunded", "Refunded"),
                    ("returned", "Returned"),
                ],
                max_length=9,
            ),
        ),
        migrations.RemoveConstraint(
            model_name="orderevent",
            name="event_is_legal",
        ),
        migrations.RemoveConstraint(
            model_name="orderevent",
            name="event_once",
        ),
        AddConstraintNotValid(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("held_until__isnull", True),
                    ("status__in", ("pending", "canceled")),
                    _connector="OR",
                ),
                name="order_held_while_it_may_be",
            ),
        ),
        AddConstraintNotValid(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("canceled_because__isnull", True),
                    models.Q(("canceled_because", "requested"), ("status", "canceled")),
                    models.Q(
                        ("canceled_because", "expired"),
                        ("held_until__isnull", False),
                        ("status", "canceled"),
                    ),
                    _connector="OR",
                ),
                name="order_canceled_because",
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
                        ("from_status", "pending"), ("to_status", "shipped"), ("type", "shipped")
                    ),
                    models.Q(
                        ("from_status", "shipped"),
                        ("to_status", "delivered"),
                        ("type", "delivered"),
                    ),
                    models.Q(
                        ("from_status", "pending"), ("to_status", "canceled"), ("type", "canceled")
                    ),
                    models.Q(
                        ("from_status", "pending"), ("to_status", "pending"), ("type", "canceled")
                    ),
                    models.Q(
                        ("from_status", "shipped"), ("to_status", "shipped"), ("type", "canceled")
                    ),
                    models.Q(
                        ("from_status", "delivered"),
                        ("to_status", "delivered"),
                        ("type", "canceled"),
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
                    models.Q(
                        ("from_status", "canceled"), ("to_status", "canceled"), ("type", "returned")
                    ),
                    _connector="OR",
                ),
                name="event_is_legal",
            ),
        ),
        RenewAppendOnly("OrderEvent"),
    ]
