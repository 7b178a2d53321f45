"""Communication modules that hand out too much, or write."""

from tests.mutations.mutation import GUARD, Caught, Mutation, added, replaced
from tests.mutations.places import COMMUNICATION, MODELS, PRICING

HANDING = "Communication modules"
_BELONGS_TO_ORDER = "from apps.orders import microservice_communication as asked\n"


def _handed(
    name: str, what: str, function: str, use: str, *, is_annotated: bool = True
) -> Mutation:
    """A function of the communication module, and the code of orders that uses what it returns.

    is_annotated: whether the annotation says what is handed out, so that a check sees it.
    """
    head = function.splitlines()[0]
    caught = (Caught("E014", head),) if is_annotated else ()
    return Mutation(
        HANDING,
        name,
        what,
        (
            added(COMMUNICATION, function),
            added(PRICING, f"{_BELONGS_TO_ORDER}def used():\n    return {use}\n"),
        ),
        (*caught, Caught(GUARD, f"return {use}", PRICING)),
        run="from apps.orders.placing.pricing import used; used()",
    )


HANDOUTS = (
    _handed(
        "query-set",
        "A QuerySet is handed out, and evaluated by the caller",
        "def handed() -> ProductQuerySet:\n    return Product.objects.all()\n",
        "list(asked.handed())",
    ),
    _handed(
        "instances-in-a-list",
        "Instances in a list; the caller reads more of one",
        "def handed() -> list[Product] | None:\n    return list(Product.objects.only('id'))\n",
        "asked.handed()[0].name",
    ),
    _handed(
        "no-annotation",
        "An instance of what no annotation tells; the caller saves it",
        "def handed():\n    return Product.objects.get(pk=1)\n",
        "asked.handed().save()",
    ),
    _handed(
        "query-set-behind-a-protocol",
        "A QuerySet behind an annotation that hides it",
        "def handed() -> Collection[tuple[int]]:\n"
        '    return Product.objects.values_list("id")  # a Collection, too\n',
        "len(asked.handed())",
        is_annotated=False,
    ),
    Mutation(
        HANDING,
        "method-of-an-instance",
        "An instance behind a wrong annotation; the caller calls a method of it",
        (
            added(
                COMMUNICATION,
                """
                def handed() -> ProductSnapshot:
                    return Product.objects.get(pk=1)
                """,
            ),
            added(
                PRICING,
                f"""{_BELONGS_TO_ORDER}def used():
    return asked.handed().update_product(price="1.00")
""",
            ),
        ),
        (Caught(GUARD, 'return asked.handed().update_product(price="1.00")', PRICING),),
        run="from apps.orders.placing.pricing import used; used()",
    ),
    Mutation(
        HANDING,
        "attribute-of-a-relation",
        "`line.product.name`",
        (
            replaced(
                MODELS,
                "first, *others = [line.product_name for line in self.lines.all()]",
                "first, *others = [line.product.name for line in self.lines.all()]",
            ),
        ),
        (
            Caught(
                GUARD,
                'first, *others = [line.product.name for line in self.lines.all()] or ["nothing"]',
            ),
        ),
        run="from apps.orders.models import Order; str(Order.objects.get())",
    ),
    Mutation(
        HANDING,
        "attribute-in-a-template",
        "`line.product.name` in a template of the staff pages",
        (
            replaced(
                "apps/orders/templates/admin/orders/order/change_form.html",
                "{% block content %}",
                "{% block content %}{% for line in original.lines.all %}{{ line.product.name }}"
                "{% endfor %}",
            ),
        ),
        (Caught(GUARD, "", "apps.orders.admin.OrderAdmin"),),
        run="get('/console/orders/order/1/change/')",
    ),
    Mutation(
        HANDING,
        "write",
        "The communication module writes another's table",
        (
            added(
                COMMUNICATION,
                """
                def rename(*, product_id: int, name: str) -> None:
                    Product.objects.filter(id=product_id).update(name=name)
                """,
            ),
        ),
        (Caught(GUARD, "Product.objects.filter(id=product_id).update(name=name)"),),
        run="from apps.orders.microservice_communication import rename;"
        " rename(product_id=1, name='Lamp')",
    ),
)
