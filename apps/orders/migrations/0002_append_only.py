from django.db import migrations

from monoservices.migrations import AppendOnly


class Migration(migrations.Migration):
    dependencies = [("orders", "0001_initial")]
    operations = [AppendOnly("OrderEvent")]
