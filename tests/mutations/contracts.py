"""Columns that are relied on, and the file of known violations."""

from tests.mutations.mutation import Caught, Mutation, added, replaced
from tests.mutations.places import COMMUNICATION, PRODUCT_MODELS

COLUMNS = "Column contracts"


def _column(name: str, what: str, old: str, new: str, blamed: str) -> Mutation:
    return Mutation(
        COLUMNS,
        name,
        what,
        (replaced(PRODUCT_MODELS, old, new),),
        (Caught("E015", blamed, COMMUNICATION),),
    )


CONTRACTS = (
    _column(
        "column-removed",
        "A column is removed",
        '    stock_quantity = models.IntegerField("stock", default=0,'
        " validators=validators(Quantity))\n",
        "",
        "stock_quantity=int,",
    ),
    _column(
        "column-renamed",
        "A column is renamed",
        '    sku = models.CharField(\n        "SKU"',
        '    code = models.CharField(\n        "SKU"',
        "sku=str,",
    ),
    _column(
        "column-retyped",
        "A column has another type",
        "    price = models.DecimalField(\n        max_digits=10,\n        decimal_places=2,\n",
        "    price = models.IntegerField(\n",
        "price=Decimal,",
    ),
    _column(
        "column-nullable",
        "A column may be NULL",
        "    name = models.CharField(max_length=longest(Name))\n",
        "    name = models.CharField(max_length=longest(Name), null=True)\n",
        "name=str,",
    ),
    Mutation(
        COLUMNS,
        "contract-incomplete",
        "A column is read, and not stated",
        (
            added(
                COMMUNICATION,
                """
                def running_low() -> set[int]:
                    low = Product.objects.filter(low_stock_at__isnull=False)
                    return set(low.values_list("id", flat=True))
                """,
            ),
        ),
        (Caught("E016", "low = Product.objects.filter(low_stock_at__isnull=False)"),),
    ),
    Mutation(
        COLUMNS,
        "contract-malformed",
        "A model is stated that there is not",
        (replaced(COMMUNICATION, 'Columns("accounts.Client"', 'Columns("accounts.Clients"'),),
        (
            Caught("E016", 'Columns("accounts.Clients", id=int),'),
            Caught(
                "E016",
                'return set(Client.objects.filter(pk__in=ids).values_list("pk", flat=True))',
            ),
        ),
    ),
)

BASELINE = (
    Mutation(
        "Baseline",
        "baseline",
        "A known violation is still listed, and no longer there",
        (
            added(
                "boundaries.jsonl",
                '{"id":"E001","path":"apps/orders/views.py","service":"orders","other":"products",'
                '"what":"orders imports apps.products.models of products."}',
            ),
            added("config/settings.py", 'BOUNDARIES_BASELINE = BASE_DIR / "boundaries.jsonl"'),
        ),
        (
            Caught(
                "E017",
                '{"id":"E001","path":"apps/orders/views.py","service":"orders","other":"products",'
                '"what":"orders imports apps.products.models of products."}',
            ),
        ),
    ),
)
