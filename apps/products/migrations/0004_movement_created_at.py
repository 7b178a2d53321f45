import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    """A movement's `created_at` can be given.

    The column stays as it is. On SQLite, a real AlterField would rebuild the table and lose the
    triggers that make it append-only.
    """

    dependencies = [("products", "0003_stock_request")]
    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AlterField(
                    "StockMovement",
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False),
                ),
            ]
        ),
    ]
