"""Imports of another service, and dependencies that are not as they are declared."""

from tests.mutations.mutation import GUARD, Caught, Mutation, added, replaced
from tests.mutations.places import EXPORTING, ORDERS, PRODUCTS, VIEWS

KIND = "Imports"

IMPORTS = (
    Mutation(
        KIND,
        "import-by-another-name",
        "An import by another name",
        (added(VIEWS, "import apps.products.models as catalogue"),),
        (Caught("E001", "import apps.products.models as catalogue"),),
    ),
    Mutation(
        KIND,
        "import-in-a-function",
        "An import in a function",
        (
            added(
                EXPORTING,
                """
                def stocked():
                    from apps.products.models import Product
                    return Product.objects.filter(stock_quantity__gt=0).count()
                """,
            ),
        ),
        (
            Caught("E001", "from apps.products.models import Product"),
            Caught(GUARD, "return Product.objects.filter(stock_quantity__gt=0).count()"),
        ),
        run="from apps.orders.export.rows import stocked; stocked()",
    ),
    Mutation(
        KIND,
        "import-for-types",
        "An import under `TYPE_CHECKING`",
        (
            added(
                EXPORTING,
                """
                from typing import TYPE_CHECKING
                if TYPE_CHECKING:
                    from apps.products import models
                """,
            ),
        ),
        (Caught("E001", "from apps.products import models"),),
    ),
    Mutation(
        KIND,
        "import-module",
        "`importlib` with a constant",
        (
            added(
                VIEWS,
                """
                from importlib import import_module as load
                catalogue = load("apps.products.catalogue")
                """,
            ),
        ),
        (Caught("E001", 'catalogue = load("apps.products.catalogue")'),),
    ),
    Mutation(
        KIND,
        "dunder-import",
        "`__import__` with a constant",
        (added(VIEWS, 'catalogue = __import__("apps.products.catalogue")'),),
        (Caught("E001", 'catalogue = __import__("apps.products.catalogue")'),),
    ),
    Mutation(
        KIND,
        "import-module-at-run-time",
        "`importlib` with a name that is put together at run time",
        (
            added(
                EXPORTING,
                """
                def rows(label):
                    from importlib import import_module
                    models = import_module(".".join(["apps", label, "models"]))
                    return list(models.Product.objects.all())
                """,
            ),
        ),
        (Caught(GUARD, "return list(models.Product.objects.all())"),),
        run='from apps.orders.export.rows import rows; rows("products")',
    ),
    Mutation(
        KIND,
        "import-through-communication",
        "A model, taken out of the own communication module's imports",
        (added(EXPORTING, "from apps.orders.microservice_communication import Product"),),
        (Caught("E001", "from apps.orders.microservice_communication import Product"),),
    ),
    Mutation(
        KIND,
        "import-in-a-test",
        "A test that imports a service which its own does not depend on",
        (
            added(
                "apps/products/tests/test_stock.py",
                "from apps.orders.tests.factories import make_order",
            ),
        ),
        (Caught("E001", "from apps.orders.tests.factories import make_order"),),
    ),
)

DEPENDS_ON = 'depends_on = ("products", "accounts")'
NAMES_PRODUCTS = 'name = "apps.products"\n'

DEPENDENCIES = (
    Mutation(
        "Dependencies",
        "undeclared",
        "A dependency that the communication module uses, and that is not declared",
        (
            added(
                f"{PRODUCTS}/microservice_communication.py",
                """
                from apps.accounts import keys

                def digest_of(*, secret: str) -> str:
                    return keys.digest(secret)
                """,
            ),
        ),
        (Caught("E002", "from apps.accounts import keys"),),
    ),
    Mutation(
        "Dependencies",
        "unused",
        "A dependency that is declared and not used",
        (
            replaced(
                f"{PRODUCTS}/apps.py",
                NAMES_PRODUCTS,
                f'{NAMES_PRODUCTS}    depends_on = ("accounts",)\n',
            ),
        ),
        (Caught("E003", 'depends_on = ("accounts",)'),),
    ),
    Mutation(
        "Dependencies",
        "cyclic",
        "Two services that declare each other",
        (
            replaced(
                f"{PRODUCTS}/apps.py",
                NAMES_PRODUCTS,
                f'{NAMES_PRODUCTS}    depends_on = ("orders",)\n',
            ),
            added(
                f"{PRODUCTS}/microservice_communication.py",
                """
                from apps.orders.models import OrderLine
                from monoservices.services.contracts import Columns

                RELIES_ON = (Columns("orders.OrderLine", product=int),)

                def ordered() -> set[int]:
                    return set(OrderLine.objects.values_list("product", flat=True))
                """,
            ),
        ),
        (
            Caught("E004", 'depends_on = ("orders",)'),
            Caught("E004", DEPENDS_ON, f"{ORDERS}/apps.py"),
        ),
    ),
    Mutation(
        "Dependencies",
        "unknown",
        "A dependency that no installed service has the label of",
        (
            replaced(
                f"{ORDERS}/apps.py", DEPENDS_ON, 'depends_on = ("products", "accounts", "payment")'
            ),
        ),
        (
            Caught("E003", 'depends_on = ("products", "accounts", "payment")'),
            Caught("E004", 'depends_on = ("products", "accounts", "payment")'),
        ),
    ),
)
