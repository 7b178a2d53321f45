"""Look-ups over a relation, and SQL."""

from tests.mutations.mutation import GUARD, Caught, Mutation, added, replaced
from tests.mutations.places import EXPORTING, ORDERS

_MODELS = "from apps.orders.models import Order, OrderLine\n"


def _query(name: str, what: str, query: str, *, before: str = "", check: str = "E008") -> Mutation:
    """A function that runs a query. check: what sees the query too; "" where only the guard does.

    before: lines of the function in front of it.
    """
    lines = [*before.splitlines(), f"return list({query})"]
    body = "".join(f"    {line}\n" for line in lines)
    caught = [Caught(by, lines[-1]) for by in (check, GUARD) if by]
    return Mutation(
        {"E008": "Look-ups", "": "Look-ups", "E010": "SQL"}[check],
        name,
        what,
        (added(EXPORTING, f'{_MODELS}def found(name="name"):\n{body}'),),
        tuple(caught),
        run="from apps.orders.export.rows import found; found()",
    )


_SEARCHES = 'search_fields = ("id", "reference", "customer_email"'
_SEARCHES_LATER = 'OrderAdmin.search_fields = ("lines__product__name",)'
_SHOWS = 'OrderAdmin.list_display = ("id", "__".join(["lines", "product"]))'
_FORM = """\
from django import forms
from apps.orders.models import OrderLine

class LineForm(forms.ModelForm):
    class Meta:
        model, fields = OrderLine, ("quantity",)

"""
_FORM_LATER = 'LineForm.Meta.fields = ("product",)'
_FILTER_LATER = 'LineFilter.filterset_fields = {"product__name": ["exact"]}'
_DICTIONARY = 'names = {"product__name": "Lamp"}'
_IN_ORDER = 'OrderLine.objects.filter(order=OuterRef("pk"))'

LOOKUPS = (
    _query("filter", "`filter`", 'OrderLine.objects.filter(product__name__startswith="L")'),
    _query("values", "`values_list`", 'OrderLine.objects.values_list("pk", "product__price")'),
    _query("order-by", "`order_by`, descending", 'OrderLine.objects.order_by("-product__name")'),
    _query(
        "f",
        "`F`, by another name",
        'OrderLine.objects.filter(unit_price__lt=Column("product__price"))',
        before="from django.db.models import F as Column",
    ),
    _query("select-related", "`select_related`", 'OrderLine.objects.select_related("product")'),
    _query(
        "prefetch",
        "`Prefetch`",
        'Order.objects.prefetch_related(Prefetch("lines__product"))',
        before="from django.db.models import Prefetch",
    ),
    _query(
        "subquery",
        "`Subquery` with `OuterRef`",
        f'Order.objects.annotate(first=Subquery({_IN_ORDER}.values("product__name")[:1]))',
        before="from django.db.models import OuterRef, Subquery",
    ),
    Mutation(
        "Look-ups",
        "dictionary",
        "Keywords out of a dictionary",
        (
            added(
                EXPORTING,
                f"{_MODELS}def found():\n    {_DICTIONARY}\n"
                "    return OrderLine.objects.exclude(**names).exists()\n",
            ),
        ),
        (
            Caught("E008", "return OrderLine.objects.exclude(**names).exists()"),
            Caught(GUARD, "return OrderLine.objects.exclude(**names).exists()"),
        ),
        run="from apps.orders.export.rows import found; found()",
    ),
    _query(
        "look-up-at-run-time",
        "A look-up that is put together at run time",
        "OrderLine.objects.values(path)",
        before='path = "__".join(["product", name])',
        check="",
    ),
    Mutation(
        "Look-ups",
        "search-fields",
        "The options of an admin",
        (replaced(f"{ORDERS}/admin.py", f"{_SEARCHES})", f'{_SEARCHES}, "lines__product__name")'),),
        (Caught("E008", f'{_SEARCHES}, "lines__product__name")'),),
    ),
    Mutation(
        "Look-ups",
        "search-fields-after-the-class",
        "The options of an admin, set after the class",
        (added(f"{ORDERS}/admin.py", _SEARCHES_LATER),),
        (Caught("E008", _SEARCHES_LATER),),
    ),
    Mutation(
        "Look-ups",
        "list-display-at-run-time",
        "The options of an admin, put together when its module is loaded",
        (added(f"{ORDERS}/admin.py", _SHOWS),),
        (Caught("E008", _SHOWS),),
    ),
    Mutation(
        "Look-ups",
        "form-fields-after-the-class",
        "The fields of a form, set after the class",
        (added(f"{ORDERS}/forms.py", f"{_FORM}{_FORM_LATER}\n"),),
        (Caught("E008", _FORM_LATER),),
    ),
    Mutation(
        "Look-ups",
        "filter-fields-after-the-class",
        "The fields of a filter, set after the class",
        (added(f"{ORDERS}/filters.py", f"class LineFilter:\n    pass\n\n{_FILTER_LATER}\n"),),
        (Caught("E008", _FILTER_LATER),),
    ),
)

SQL = (
    Mutation(
        "SQL",
        "cursor",
        "`connection.cursor()` with a constant",
        (
            added(
                EXPORTING,
                """
                from django.db import connection
                def found():
                    with connection.cursor() as cursor:
                        cursor.execute("SELECT price FROM products_product")
                        return cursor.fetchall()
                """,
            ),
        ),
        (
            Caught("E010", 'cursor.execute("SELECT price FROM products_product")'),
            Caught(GUARD, 'cursor.execute("SELECT price FROM products_product")'),
        ),
        run="from apps.orders.export.rows import found; found()",
    ),
    Mutation(
        "SQL",
        "sql-in-pieces",
        "A constant name of a table, put into SQL by `format`",
        (
            added(
                EXPORTING,
                """
                from django.db import connection
                TABLE = "products_product"
                def found():
                    with connection.cursor() as cursor:
                        cursor.execute("UPDATE {} SET price = 0".format(TABLE))
                """,
            ),
        ),
        (
            Caught("E010", 'cursor.execute("UPDATE {} SET price = 0".format(TABLE))'),
            Caught(GUARD, 'cursor.execute("UPDATE {} SET price = 0".format(TABLE))'),
        ),
        run="from apps.orders.export.rows import found; found()",
    ),
    Mutation(
        "SQL",
        "sql-at-run-time",
        "The name of a table, put together at run time",
        (
            added(
                EXPORTING,
                """
                from django.db import connection
                def found(label, model):
                    with connection.cursor() as cursor:
                        cursor.execute(f"DELETE FROM {label}_{model}")
                """,
            ),
        ),
        (Caught(GUARD, 'cursor.execute(f"DELETE FROM {label}_{model}")'),),
        run='from apps.orders.export.rows import found; found("products", "stockmovement")',
    ),
    _query(
        "manager-raw",
        "`Manager.raw`",
        "OrderLine.objects.raw('SELECT * FROM \"products_product\"')",
        check="E010",
    ),
    _query(
        "extra",
        "`extra` with another's table",
        'OrderLine.objects.extra(tables=["products_product"])',
        check="E010",
    ),
)
