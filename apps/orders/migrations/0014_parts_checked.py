from django.db import migrations

from monoservices.database.migrating import ValidateConstraint


class Migration(migrations.Migration):
    """In a transaction of its own, so that the lock of the one before is gone."""

    dependencies = [("orders", "0013_parts")]
    operations = [
        ValidateConstraint("Order", "order_total_not_below_credited"),
        ValidateConstraint("Order", "order_partly_shipped_while_pending"),
        ValidateConstraint("OrderLine", "line_units_not_negative"),
        ValidateConstraint("OrderLine", "line_units_within_quantity"),
        ValidateConstraint("OrderLine", "line_units_returned_within_shipped"),
        ValidateConstraint("OrderEvent", "event_is_legal"),
    ]
