from django.db import migrations


class Migration(migrations.Migration):
    """Makes room for the wider `event_once` of the next migration."""

    dependencies = [("orders", "0005_holds_checked")]

    operations = [
        migrations.RemoveConstraint(
            model_name="orderevent",
            name="event_once",
        ),
    ]
