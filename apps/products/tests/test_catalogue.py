"""Creating, changing and archiving products."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError

from apps.products.exceptions import ProductNotFound, SkuExists
from apps.products.models import Product, StockMovement
from apps.products.operations import archive_product, create_product, update_product

pytestmark = pytest.mark.django_db

FIELDS = ("sku", "name", "description", "price", "stock_quantity", "low_stock_at", "is_active")


def saved(product: Product) -> tuple[Any, ...]:
    """What the database has of a product, in the order of FIELDS."""
    return tuple(Product.objects.values_list(*FIELDS).get(pk=product.pk))


def ledger(product: Product) -> list[tuple[int, int, str, str]]:
    """(delta, quantity after, reason, actor) of its movements, in their order."""
    rows = StockMovement.objects.filter(product=product).order_by("pk")
    return list(rows.values_list("delta", "quantity_after", "reason", "actor"))


@pytest.fixture
def mug() -> Product:
    return create_product(
        name="Blue Mug",
        description="Holds tea.",
        price="9.99",
        stock_quantity=10,
        sku="A-1",
        low_stock_at=3,
        actor="client:1",
    )


def test_create_product(mug: Product) -> None:
    assert saved(mug) == ("A-1", "Blue Mug", "Holds tea.", Decimal("9.99"), 10, 3, True)
    assert ledger(mug) == [(10, 10, "received", "client:1")]


def test_create_product_without_stock_moves_nothing() -> None:
    product = create_product(name="Pen", price="0")
    assert saved(product)[1:] == ("Pen", "", Decimal("0.00"), 0, None, True)
    assert ledger(product) == []
    assert product.sku.startswith("P-")


def test_create_product_at_an_earlier_moment() -> None:
    at = datetime(2020, 2, 29, 12, tzinfo=UTC)
    product = create_product(name="Pen", price="1", stock_quantity=5, at=at)
    assert (product.created_at, product.updated_at) == (at, at)
    product.refresh_from_db()
    assert (product.created_at, product.updated_at) == (at, at)
    assert StockMovement.objects.get(product=product).created_at == at


@pytest.mark.parametrize("price", ["1", "1.5", "1.50", Decimal(1), Decimal("1.50")])
def test_a_price_has_two_decimal_places(price: Decimal | str) -> None:
    product = create_product(name="Pen", price=price)
    assert product.price.as_tuple().exponent == -2
    assert saved(product)[3] == Decimal(price)


def test_create_product_refuses_a_sku_that_is_taken(mug: Product) -> None:
    with pytest.raises(SkuExists) as refusal:
        create_product(name="Red Mug", price="1.00", stock_quantity=5, sku="A-1")
    assert refusal.value.errors == {"sku": ["A-1 is taken."]}
    assert Product.objects.get() == mug
    assert StockMovement.objects.count() == 1


def test_skus_in_other_cases_are_other_skus(mug: Product) -> None:
    assert create_product(name="Red Mug", price="1.00", sku="a-1").pk != mug.pk


def test_create_product_leaves_other_errors_as_they_are() -> None:
    with pytest.raises(IntegrityError, match="product_name_not_empty"):
        create_product(name="", price="1.00")
    with pytest.raises(IntegrityError, match="product_on_hand_in_bounds"):
        create_product(name="Pen", price="1.00", stock_quantity=-1)
    assert (Product.objects.count(), StockMovement.objects.count()) == (0, 0)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("sku", "A-2"),
        ("name", "Red Mug"),
        ("description", ""),
        ("price", Decimal("0.00")),
        ("stock_quantity", 0),
        ("low_stock_at", 0),
        ("low_stock_at", None),
        ("is_active", False),
    ],
)
def test_update_product_sets_what_is_passed_and_nothing_else(
    mug: Product, field: str, value: Any
) -> None:
    before = dict(zip(FIELDS, saved(mug), strict=True))
    returned = update_product(product_id=mug.pk, actor="client:2", **{field: value})
    assert dict(zip(FIELDS, saved(mug), strict=True)) == before | {field: value}
    assert getattr(returned, field) == value
    counted = [(-10, 0, "counted", "client:2")] if field == "stock_quantity" else []
    assert ledger(mug) == [(10, 10, "received", "client:1"), *counted]


def test_update_product_counts_up_and_down_from_the_stock_there_is(mug: Product) -> None:
    update_product(product_id=mug.pk, stock_quantity=12)
    update_product(product_id=mug.pk, stock_quantity=12)
    update_product(product_id=mug.pk, stock_quantity=7, name="Old Mug")
    assert ledger(mug)[1:] == [
        (2, 12, "counted", "command line"),
        (-5, 7, "counted", "command line"),
    ]
    assert saved(mug)[4] == 7


def test_update_product_with_nothing_changes_nothing(mug: Product) -> None:
    before = saved(mug)
    update_product(product_id=mug.pk)
    assert saved(mug) == before


def test_update_product_refuses_a_sku_that_is_taken_and_changes_nothing(mug: Product) -> None:
    pen = create_product(name="Pen", price="1.00", stock_quantity=4, sku="A-2")
    before = saved(pen)
    with pytest.raises(SkuExists) as refusal:
        update_product(product_id=pen.pk, sku="A-1", name="Pencil", stock_quantity=9)
    assert refusal.value.errors == {"sku": ["A-1 is taken."]}
    assert saved(pen) == before
    assert len(ledger(pen)) == 1


def test_a_product_may_keep_its_own_sku(mug: Product) -> None:
    assert update_product(product_id=mug.pk, sku="A-1").sku == "A-1"


@pytest.mark.parametrize("product_id", [0, 7_777, 2**63 - 1])
def test_a_product_that_does_not_exist(mug: Product, product_id: int) -> None:
    with pytest.raises(ProductNotFound):
        update_product(product_id=product_id, name="Red Mug")
    with pytest.raises(ProductNotFound):
        archive_product(product_id=product_id)
    assert saved(mug)[1] == "Blue Mug"


def test_archive_product_leaves_stock_and_history(mug: Product) -> None:
    for _ in range(2):
        assert archive_product(product_id=mug.pk).is_active is False
        assert saved(mug) == ("A-1", "Blue Mug", "Holds tea.", Decimal("9.99"), 10, 3, False)
    assert ledger(mug) == [(10, 10, "received", "client:1")]
    update_product(product_id=mug.pk, is_active=True)
    assert saved(mug)[6] is True
