import django.db.models.deletion
from django.db import migrations, models

from monoservices.database.append_only import RenewAppendOnly
from monoservices.database.migrating import DropIndexOfForeignKey


class Migration(migrations.Migration):
    """The index of `event_once_per_version` serves the foreign key; SQLite needs its triggers."""

    dependencies = [("orders", "0008_holds_indexed")]

    operations = [
        DropIndexOfForeignKey(
            model_name="orderevent",
            name="order",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="events",
                to="orders.order",
            ),
        ),
        RenewAppendOnly("OrderEvent"),
    ]
