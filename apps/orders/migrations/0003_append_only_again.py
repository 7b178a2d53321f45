from django.db import migrations

from monoservices.database.append_only import RenewAppendOnly


class Migration(migrations.Migration):
    """TRUNCATE and INSERT OR REPLACE, which the first triggers let through, are rejected too."""

    dependencies = [("orders", "0002_append_only")]
    operations = [RenewAppendOnly("OrderEvent")]
