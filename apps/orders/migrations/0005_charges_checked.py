from django.db import migrations

from monoservices.database.migrating import ValidateConstraint


class Migration(migrations.Migration):
    """In a transaction of its own, so that the lock of the one before is gone."""

    dependencies = [("orders", "0004_charges")]
    operations = [ValidateConstraint("OrderLine", "line_tax_in_bounds")]
