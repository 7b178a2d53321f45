from django.db import migrations

from monoservices.database.migrating import ValidateConstraint

CONSTRAINTS = (
    ("Product", "product_committed_in_bounds"),
    ("Product", "product_on_hand_in_bounds"),
    ("StockMovement", "movement_is_legal"),
    ("StockMovement", "movement_after_in_bounds"),
    ("StockMovement", "movement_committed_in_bounds"),
    ("StockMovement", "movement_sale_leaves_stock"),
    ("StockMovement", "movement_on_hand_in_bounds"),
)


class Migration(migrations.Migration):
    """The constraints of the last migration bind old rows too."""

    dependencies = [("products", "0008_committed")]
    operations = [ValidateConstraint(model, name) for model, name in CONSTRAINTS]
