from django.db import migrations

from monoservices.database.migrating import ValidateConstraint


class Migration(migrations.Migration):
    """In a transaction of its own, so that the lock of the one before is gone."""

    dependencies = [("orders", "0010_paid")]
    operations = [ValidateConstraint("Order", "order_paid_in_bounds")]
