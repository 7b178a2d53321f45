from decimal import Decimal

from django.db import migrations, models

from monoservices.database.migrating import AddConstraintNotValid


class Migration(migrations.Migration):
    """What is paid for an order. The next migration checks the old rows."""

    dependencies = [("orders", "0009_holds_settled")]

    operations = [
        migrations.AddField(
            model_name="order",
            name="paid",
            field=models.DecimalField(blank=True, decimal_places=2, max_digits=15, null=True),
        ),
        AddConstraintNotValid(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(("paid__gte", 0), ("paid__lte", Decimal("9999999999999.99"))),
                name="order_paid_in_bounds",
            ),
        ),
    ]
