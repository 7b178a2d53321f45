from django.db import migrations

from monoservices.database.migrating import ValidateConstraint


class Migration(migrations.Migration):
    """In a transaction of its own, so that the lock of the one before is gone."""

    dependencies = [("orders", "0013_parts")]
    operations = [
        ValidateConstraint("Order", "order_credited_in_bounds"),
        ValidateConstraint("Order", "order_partly_shipped_while_pending"),
        ValidateConstraint("OrderLine", "line_parts_not_negative"),
        ValidateConstraint("OrderLine", "line_parts_within_quantity"),
        ValidateConstraint("OrderLine", "line_returns_within_shipped"),
        ValidateConstraint("OrderEvent", "event_is_legal"),
    ]
