from django.db import migrations

from monoservices.database.migrating import ValidateConstraint


class Migration(migrations.Migration):
    dependencies = [("orders", "0006_holds")]

    operations = [
        ValidateConstraint("order", "order_held_while_it_may_be"),
        ValidateConstraint("order", "order_canceled_because"),
        ValidateConstraint("orderevent", "event_is_legal"),
    ]
