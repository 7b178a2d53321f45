"""Models that come out of a registry."""

from tests.mutations.mutation import GUARD, Caught, Mutation, added
from tests.mutations.places import EXPORTING


def _model(name: str, what: str, lines: str, argument: str = "") -> Mutation:
    """A function that gets a model out of a registry, in the last of the lines."""
    text = f"def found(label):\n{lines}    return list(model.objects.all())\n"
    blamed = lines.splitlines()[-1].strip()
    return Mutation(
        "Registries",
        name,
        what,
        (added(EXPORTING, f"from django.apps import apps\n{text}"),),
        (Caught("E009", blamed), Caught(GUARD, "return list(model.objects.all())")),
        run=f"from apps.orders.export.rows import found; found({argument!r})",
    )


REGISTRIES = (
    _model(
        "get-model",
        "`get_model` with a constant",
        '    model = apps.get_model("products.Product")\n',
    ),
    _model(
        "get-model-with-a-variable",
        "`get_model` with a variable",
        '    model = apps.get_model(label, "Product")\n',
        "products",
    ),
    _model(
        "get-model-by-another-name",
        "`get_model` by another name",
        '    get = apps.get_model\n    model = get(app_label="products", model_name="product")\n',
    ),
    Mutation(
        "Registries",
        "content-type",
        "A content type, and the model that it stands for",
        (
            added(
                EXPORTING,
                """
                from django.contrib.contenttypes.models import ContentType
                def found():
                    kind = ContentType.objects.get(app_label="products", model="product")
                    return kind.get_object_for_this_type(pk=1)
                """,
            ),
        ),
        (
            Caught("E009", 'kind = ContentType.objects.get(app_label="products", model="product")'),
            Caught(GUARD, "return kind.get_object_for_this_type(pk=1)"),
        ),
        run="from apps.orders.export.rows import found; found()",
    ),
)
