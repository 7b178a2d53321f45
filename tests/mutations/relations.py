"""Relations that should not be, or show or do too much on the other side; signals."""

from tests.mutations.mutation import GUARD, Caught, Edit, Mutation, added, replaced
from tests.mutations.places import MODELS, PRODUCT_MODELS

KIND = "Relations"

_ORDER = "    client = models.ForeignKey(\n"
_MOVEMENT = "    reason = models.CharField(max_length=10, choices=Reason)\n"
_TO_PRODUCT = """models.ForeignKey(
        "products.Product", on_delete=models.PROTECT, related_name="+", db_index=False
    )"""
_LINE = 'models.ForeignKey("products.Product", on_delete=models.PROTECT, related_name="+")'


def _line(field: str) -> Edit:
    """An edit of the relation from an order's line to its product."""
    return replaced(MODELS, _TO_PRODUCT, field)


def _field(path: str, before: str, *lines: str) -> Edit:
    """An edit that adds fields to a model, in front of another."""
    return replaced(path, before, "".join(f"    {line}\n" for line in lines) + before)


_TO_ORDER = 'order = models.ForeignKey("orders.Order", models.PROTECT, null=True, related_name="+")'
_ONE_TO_ONE = 'sale = models.OneToOneField("orders.OrderLine", models.DO_NOTHING, related_name="+")'
_SHOWN = 'models.ForeignKey("products.Product", on_delete=models.PROTECT)'
_QUERIED = f'{_LINE[:-1]}, related_query_name="line")'
_CASCADES = _LINE.replace("PROTECT", "CASCADE")
_SETS_NULL = f"{_LINE[:-1].replace('PROTECT', 'SET_NULL')}, null=True)"
_HIDDEN_TABLE = 'products = models.ManyToManyField("products.Product", related_name="+")'
_THROUGH = 'products = models.ManyToManyField("products.Product", through="OrderLine")'
_ANYTHING = "subject = GenericForeignKey()"

RELATIONS = (
    Mutation(
        KIND,
        "foreign-key",
        "A foreign key to a service that is not declared, by a string",
        (_field(PRODUCT_MODELS, _MOVEMENT, _TO_ORDER),),
        (Caught("E005", _TO_ORDER),),
    ),
    Mutation(
        KIND,
        "one-to-one",
        "A one-to-one field to a service that is not declared",
        (_field(PRODUCT_MODELS, _MOVEMENT, _ONE_TO_ONE),),
        (Caught("E005", _ONE_TO_ONE),),
    ),
    Mutation(
        KIND,
        "generic-foreign-key",
        "A generic foreign key, which may point at every service",
        (
            added(
                MODELS,
                "from django.contrib.contenttypes.fields import GenericForeignKey\n"
                "class OrderNote(models.Model):\n"
                '    content_type = models.ForeignKey("contenttypes.ContentType", models.CASCADE)\n'
                "    object_id = models.BigIntegerField()\n"
                f"    {_ANYTHING}\n",
            ),
        ),
        (Caught("E005", _ANYTHING),),
    ),
    Mutation(
        KIND,
        "reverse-accessor",
        "A reverse accessor, by leaving `related_name` out",
        (_line(_SHOWN),),
        (Caught("E006", f"product = {_SHOWN}"),),
    ),
    Mutation(
        KIND,
        "reverse-look-up",
        "A hidden accessor whose `related_query_name` shows it again",
        (_line(_QUERIED),),
        (Caught("E006", f"product = {_QUERIED}"),),
    ),
    Mutation(
        KIND,
        "many-to-many-through",
        "A many-to-many field through an own model, seen from the other side",
        (_field(MODELS, _ORDER, _THROUGH),),
        (Caught("E006", _THROUGH),),
    ),
    Mutation(
        KIND,
        "cascade",
        "A cascade",
        (_line(_CASCADES),),
        (Caught("E007", f"product = {_CASCADES}"),),
    ),
    Mutation(
        KIND,
        "set-null",
        "`SET_NULL`, a cascade that writes",
        (_line(_SETS_NULL),),
        (Caught("E007", f"product = {_SETS_NULL}"),),
    ),
    Mutation(
        KIND,
        "many-to-many-table",
        "A many-to-many field, whose hidden table cascades",
        (_field(MODELS, _ORDER, _HIDDEN_TABLE),),
        (Caught("E007", _HIDDEN_TABLE),),
    ),
)

SIGNALS = (
    Mutation(
        "Signals",
        "receiver",
        "A receiver of another service's model, which is named by a string",
        (
            added(
                MODELS,
                """
                from django.db.models.signals import post_save
                from django.dispatch import receiver

                @receiver(post_save, sender="products.Product")
                def rename(instance, **kwargs):
                    OrderLine.objects.filter(product_id=instance.pk).update(sku=instance.sku)
                """,
            ),
        ),
        (
            Caught("E011", '@receiver(post_save, sender="products.Product")'),
            Caught(GUARD, "product.save()", "apps/products/catalogue.py"),
        ),
        run="from apps.products.operations import update_product;"
        " update_product(product_id=1, sku='NEW')",
    ),
    Mutation(
        "Signals",
        "receiver-of-all",
        "A receiver that names no sender, connected by a call",
        (
            added(
                MODELS,
                """
                from django.db.models import signals

                def count(sender, **kwargs):
                    if sender.__name__ == "Product":
                        Order.objects.count()

                signals.pre_save.connect(count, weak=False)
                """,
            ),
        ),
        (
            Caught("E011", "signals.pre_save.connect(count, weak=False)"),
            Caught(GUARD, "product.save()", "apps/products/catalogue.py"),
        ),
        run="from apps.products.operations import update_product;"
        " update_product(product_id=1, sku='NEW')",
    ),
)
