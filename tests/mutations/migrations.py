"""Migrations that depend on others than they may, or reach into others' tables."""

from pathlib import Path

from tests.mutations.mutation import GUARD, Caught, Mutation, added
from tests.mutations.places import ORDERS, PRODUCTS

KIND = "Migrations"
_OF_ORDERS = f"{ORDERS}/migrations/9999_reaching.py"
_OF_PRODUCTS = f"{PRODUCTS}/migrations/9999_reaching.py"
_LAST = max(path.stem for path in Path("apps/orders/migrations").glob("[0-9]*.py"))
_OWN = f'dependencies = [("orders", "{_LAST}")]'
_MIGRATE = "from django.core.management import call_command; call_command('migrate', verbosity=0)"


def _migration(*lines: str, before: str = "") -> str:
    body = "".join(f"    {line}\n" for line in lines)
    return (
        f"from django.db import migrations\n{before}class Migration(migrations.Migration):\n{body}"
    )


_UNDECLARED = 'dependencies = [("orders", "0001_initial")]'
_FIRST = 'run_before = [("products", "0003_stock_request")]'
_GETS = 'apps.get_model("products", "Product").objects.update(name="Lamp")'
_GETS_ANY = 'apps.get_model(*PLACE.split("/")).objects.update(name="Lamp")'
_RUNS = 'operations = [migrations.RunSQL("UPDATE products_product SET name = upper(name)")]'
_FILL = "def fill(apps, editor):\n"
_PYTHON = "operations = [migrations.RunPython(fill)]"

MIGRATIONS = (
    Mutation(
        KIND,
        "migration-dependency",
        "A dependency on a migration of a service that is not declared",
        (added(_OF_PRODUCTS, _migration(_UNDECLARED)),),
        (Caught("E012", _UNDECLARED),),
    ),
    Mutation(
        KIND,
        "run-before",
        "`run_before`, which makes another service wait",
        (added(_OF_ORDERS, _migration(_OWN, _FIRST)),),
        (Caught("E012", _FIRST),),
    ),
    Mutation(
        KIND,
        "run-python",
        "A `RunPython` that reaches over",
        (
            added(
                _OF_ORDERS,
                _migration(_OWN, _PYTHON, before=f"{_FILL}    {_GETS}\n"),
            ),
        ),
        (Caught("E013", _GETS), Caught(GUARD, _GETS)),
        run=_MIGRATE,
    ),
    Mutation(
        KIND,
        "run-python-at-run-time",
        "A `RunPython` that puts together what it reaches",
        (
            added(
                _OF_ORDERS,
                _migration(
                    _OWN,
                    _PYTHON,
                    before=f'PLACE = "products/Product"\n{_FILL}    {_GETS_ANY}\n',
                ),
            ),
        ),
        (Caught(GUARD, _GETS_ANY),),
        run=_MIGRATE,
    ),
    Mutation(
        KIND,
        "run-sql",
        "A `RunSQL` on another's table",
        (added(_OF_ORDERS, _migration(_OWN, _RUNS)),),
        (
            Caught("E013", _RUNS),
            Caught(GUARD, "", "apps.orders.migrations.9999_reaching.Migration"),
        ),
        run=_MIGRATE,
    ),
)
