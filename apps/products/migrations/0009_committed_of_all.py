from django.db import migrations

from monoservices.database.migrating import ValidateConstraint

CONSTRAINTS = {
    "Product": ("stock_in_bounds", "committed_in_bounds", "on_hand_in_bounds"),
    "StockMovement": (
        "is_legal",
        "after_in_bounds",
        "committed_in_bounds",
        "sale_leaves_stock",
        "on_hand_in_bounds",
    ),
}
PREFIXES = {"Product": "product", "StockMovement": "movement"}


class Migration(migrations.Migration):
    """The constraints of the last migration bind old rows too."""

    dependencies = [("products", "0008_committed")]
    operations = [
        ValidateConstraint(model, f"{PREFIXES[model]}_{name}")
        for model, names in CONSTRAINTS.items()
        for name in names
    ]
