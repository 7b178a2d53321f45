from django.db import migrations, models
from django.db.models import BigIntegerField, CheckConstraint, F, Q
from django.db.models.functions import Cast
from django.db.models.lookups import GreaterThanOrEqual, LessThanOrEqual

from monoservices.database.append_only import RenewAppendOnly
from monoservices.database.migrating import AddConstraintNotValid

MOST = 2_147_483_647
OPPOSITE = Q(committed_delta=-F("delta"))
KNOWN = ("received", "sold", "released", "returned", "counted", "corrected")
STEPS = (
    Q(reason="received", delta__gt=0, committed_delta=0)
    | Q(reason="sold", delta__lt=0) & OPPOSITE
    | Q(reason="released", delta__gt=0) & OPPOSITE
    | Q(reason="shipped", delta=0, committed_delta__lt=0)
    | Q(reason="returned", delta__gt=0, committed_delta=0)
    | Q(reason="counted", committed_delta=0)
    | Q(reason="corrected") & ~Q(delta=0, committed_delta=0)
    | Q(reason="opened", delta=0, committed_delta__gt=0)
)
STEPS_BEFORE = Q(reason__in=KNOWN) & (~Q(delta=0) | Q(reason="counted"))
LEGAL_STEPS = (
    # A CHECK lets pass what is unknown, so it asks for NULL first.
    Q(committed_delta__isnull=False) & STEPS | Q(committed_delta__isnull=True) & STEPS_BEFORE
)
REASONS = [*KNOWN[:3], "shipped", *KNOWN[3:], "opened"]


def _between(name: str, field: str, least: int, *, optional: bool = False) -> CheckConstraint:
    within = Q(**{f"{field}__gte": least, f"{field}__lte": MOST})
    return CheckConstraint(
        name=name, condition=Q(**{f"{field}__isnull": True}) | within if optional else within
    )


def _on_hand(name: str, stock: str, committed: str) -> CheckConstraint:
    both = Cast(stock, BigIntegerField()) + F(committed)
    within = Q(GreaterThanOrEqual(both, 0)) & Q(LessThanOrEqual(both, MOST))
    return CheckConstraint(name=name, condition=within)


class Migration(migrations.Migration):
    """A second quantity: what placed orders are promised.

    Movements from before stay as they are, without it. The constraints bind new rows; the next
    migration looks at the old ones.
    """

    dependencies = [("products", "0007_times_of_the_database")]
    operations = [
        migrations.AddField(
            "Product",
            "committed_quantity",
            models.IntegerField("committed", default=0, db_default=0, editable=False),
        ),
        migrations.AddField("StockMovement", "committed_delta", models.IntegerField(null=True)),
        migrations.AddField("StockMovement", "committed_after", models.IntegerField(null=True)),
        migrations.AlterField(
            "StockMovement",
            "reason",
            models.CharField(choices=[(each, each.title()) for each in REASONS], max_length=10),
        ),
        migrations.RemoveConstraint("Product", "product_stock_in_bounds"),
        migrations.RemoveConstraint("StockMovement", "movement_moves"),
        migrations.RemoveConstraint("StockMovement", "movement_after_in_bounds"),
        migrations.RemoveConstraint("StockMovement", "movement_reason_known"),
        AddConstraintNotValid(
            "Product", _between("product_committed_in_bounds", "committed_quantity", 0)
        ),
        AddConstraintNotValid(
            "Product",
            _on_hand("product_on_hand_in_bounds", "stock_quantity", "committed_quantity"),
        ),
        AddConstraintNotValid(
            "StockMovement",
            CheckConstraint(name="movement_is_legal", condition=LEGAL_STEPS),
        ),
        AddConstraintNotValid(
            "StockMovement", _between("movement_after_in_bounds", "quantity_after", -MOST)
        ),
        AddConstraintNotValid(
            "StockMovement",
            _between("movement_committed_in_bounds", "committed_after", 0, optional=True),
        ),
        AddConstraintNotValid(
            "StockMovement",
            CheckConstraint(
                name="movement_sale_leaves_stock",
                condition=~Q(reason="sold") | Q(quantity_after__gte=0),
            ),
        ),
        AddConstraintNotValid(
            "StockMovement",
            _on_hand("movement_on_hand_in_bounds", "quantity_after", "committed_after"),
        ),
        RenewAppendOnly("StockMovement"),
    ]
