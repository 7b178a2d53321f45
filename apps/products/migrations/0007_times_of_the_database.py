"""The model no longer sets these times when it is saved. The columns stay as they are."""

from django.db import migrations, models
from django.utils import timezone


class Migration(migrations.Migration):
    dependencies = [("products", "0006_append_only_again")]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AlterField(
                    model_name="product",
                    name=name,
                    field=models.DateTimeField(default=timezone.now, editable=False),
                )
                for name in ("created_at", "updated_at")
            ]
        )
    ]
