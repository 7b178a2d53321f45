from django.db import migrations

from monoservices.database.append_only import AppendOnly


class Migration(migrations.Migration):
    dependencies = [("payments", "0001_initial")]
    operations = [AppendOnly("Payment")]
