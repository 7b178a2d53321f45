from django.db import migrations, models

from monoservices.database.migrating import AddIndexConcurrently, AddUniqueConcurrently


class Migration(migrations.Migration):
    """The constraint comes last: of these operations, it alone cannot run again."""

    atomic = False
    dependencies = [("orders", "0007_holds_checked")]

    operations = [
        AddIndexConcurrently(
            model_name="order",
            index=models.Index(
                condition=models.Q(("held_until__isnull", False), ("status", "pending")),
                fields=["held_until"],
                name="order_by_held_until",
            ),
        ),
        AddUniqueConcurrently(
            model_name="orderevent",
            constraint=models.UniqueConstraint(
                condition=models.Q(("type", "placed")), fields=("order", "type"), name="event_once"
            ),
        ),
        AddUniqueConcurrently(
            model_name="orderevent",
            constraint=models.UniqueConstraint(
                fields=("order", "version"), name="event_once_per_version"
            ),
        ),
    ]
