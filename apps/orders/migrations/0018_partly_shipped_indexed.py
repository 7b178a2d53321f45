from django.db import migrations, models

from monoservices.database.migrating import AddIndexConcurrently


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("orders", "0017_shipped_before")]
    operations = [
        AddIndexConcurrently(
            model_name="order",
            index=models.Index(
                condition=models.Q(("partly_shipped", True)),
                fields=["id"],
                name="order_partly_shipped",
            ),
        ),
    ]
