from django.db import migrations

from monoservices.database.append_only import AppendOnly


class Migration(migrations.Migration):
    """Shipments and returns are only ever added. What may be personal stands in tables beside."""

    dependencies = [("orders", "0015_shipments")]
    operations = [
        AppendOnly("Shipment"),
        AppendOnly("ShipmentLine"),
        AppendOnly("Delivery"),
        AppendOnly("Cancellation"),
        AppendOnly("Return"),
        AppendOnly("ReturnLine"),
    ]
