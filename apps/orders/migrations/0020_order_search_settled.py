import django.db.models.deletion
from django.db import migrations, models

from monoservices.database.migrating import DropIndexOfForeignKey


class Migration(migrations.Migration):
    """The index `line_by_product` serves the foreign key too."""

    dependencies = [("orders", "0019_order_search")]
    operations = [
        DropIndexOfForeignKey(
            model_name="orderline",
            name="product",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="products.product",
            ),
        ),
    ]
