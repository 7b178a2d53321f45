"""What the tables themselves refuse, whoever writes to them, and what searching finds."""

from typing import Any

import pytest
from django.db import DataError, IntegrityError, connection, transaction

from apps.products.models import Product, StockMovement, generate_sku
from apps.products.names import fold
from apps.products.operations import count_stock, create_product

pytestmark = pytest.mark.django_db

BEYOND = 2**31

PRODUCT: dict[str, Any] = {
    "sku": "A-2",
    "name": "Mug",
    "folded_name": "mug",
    "description": "",
    "price": "1.00",
    "stock_quantity": 0,
    "committed_quantity": 0,
    "low_stock_at": None,
    "is_active": True,
    "created_at": "2026-01-01 00:00:00+00:00",
    "updated_at": "2026-01-01 00:00:00+00:00",
}
MOVEMENT: dict[str, Any] = {
    "delta": 1,
    "quantity_after": 1,
    "committed_delta": 0,
    "committed_after": 0,
    "reason": "received",
    "reference": "",
    "revision": 0,
    "idempotency_key": None,
    "actor": "x",
    "note": "",
    "created_at": "2026-01-01 00:00:00+00:00",
}
PRODUCT_CHECKS: list[tuple[str, dict[str, Any]]] = [
    ("product_sku_not_empty", {"sku": ""}),
    ("product_name_not_empty", {"name": ""}),
    ("product_price_in_bounds", {"price": "-0.01"}),
    ("product_committed_in_bounds", {"stock_quantity": 1, "committed_quantity": -1}),
    ("product_on_hand_in_bounds", {"stock_quantity": -1}),
    ("product_on_hand_in_bounds", {"stock_quantity": -2, "committed_quantity": 1}),
    ("product_on_hand_in_bounds", {"stock_quantity": 2**31 - 1, "committed_quantity": 1}),
    (
        "product_on_hand_in_bounds",
        {"stock_quantity": 2**31 - 1, "committed_quantity": 2**31 - 1},
    ),
    ("product_low_stock_at_in_bounds", {"low_stock_at": -1}),
]
SOLD = {
    "delta": -1,
    "quantity_after": 0,
    "committed_delta": 1,
    "committed_after": 1,
    "reason": "sold",
    "reference": "order:1",
    "revision": 1,
}
MOVEMENT_CHECKS: list[tuple[str, dict[str, Any]]] = [
    ("movement_is_legal", {"delta": 0}),
    ("movement_after_in_bounds", {"quantity_after": -(2**31), "committed_after": 2**31 - 1}),
    ("movement_committed_in_bounds", {"committed_after": -1}),
    ("movement_on_hand_in_bounds", {"quantity_after": -1}),
    ("movement_on_hand_in_bounds", {"quantity_after": 2**31 - 1, "committed_after": 1}),
    ("movement_on_hand_in_bounds", {"quantity_after": -1, "reason": "corrected"}),
    (
        "movement_sale_leaves_stock",
        SOLD | {"quantity_after": -1, "committed_after": 5},
    ),
]
REASONS = [*StockMovement.Reason.values, "stolen"]
STEPS = [(delta, committed) for delta in range(-2, 3) for committed in (None, *range(-2, 3))]
MOVEMENT_KEYS: list[tuple[str, str, dict[str, Any], list[dict[str, Any]]]] = [
    (
        "movement_once_per_revision",
        "reference, .*product_id, .*reason, .*revision",
        SOLD,
        [
            SOLD | {"revision": 2},
            SOLD | {"reason": "corrected"},
            SOLD | {"reference": "order:2"},
        ],
    ),
    (
        "movement_once_per_key",
        "product_id, .*idempotency_key",
        {"idempotency_key": "k"},
        [{"idempotency_key": "l"}, {}],
    ),
]
"""A constraint, its columns, a row that may be there once, rows that may be there beside it."""


def insert(model: type[Product | StockMovement], row: dict[str, Any]) -> None:
    """Insert a row, past the models."""
    values = ", ".join(["%s"] * len(row))
    sql = f"INSERT INTO {model._meta.db_table} ({', '.join(row)}) VALUES ({values})"  # noqa: S608
    execute(sql, *row.values())


def execute(sql: str, *params: Any) -> None:
    """Execute a statement as a transaction of its own, foreign keys included."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, params)
        connection.check_constraints()


@pytest.fixture
def product() -> Product:
    return create_product(name="Blue Mug", price="5.00", stock_quantity=10, sku="A-1")


def test_every_constraint_has_a_case_here() -> None:
    assert {name for name, _ in PRODUCT_CHECKS} == {each.name for each in Product._meta.constraints}
    in_ledger = {name for name, _ in MOVEMENT_CHECKS} | {name for name, *_ in MOVEMENT_KEYS}
    assert in_ledger == {each.name for each in StockMovement._meta.constraints}


def test_control_the_rows_that_the_cases_start_from_are_taken(product: Product) -> None:
    insert(Product, PRODUCT)
    insert(StockMovement, MOVEMENT | {"product_id": product.pk})
    assert (Product.objects.count(), StockMovement.objects.count()) == (2, 2)


@pytest.mark.parametrize(("name", "wrong"), PRODUCT_CHECKS)
def test_a_product_that_breaks_a_rule_is_refused(name: str, wrong: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError, match=name):
        insert(Product, PRODUCT | wrong)
    assert Product.objects.count() == 0


@pytest.mark.parametrize(("name", "wrong"), MOVEMENT_CHECKS)
def test_a_movement_that_breaks_a_rule_is_refused(
    name: str, wrong: dict[str, Any], product: Product
) -> None:
    with pytest.raises(IntegrityError, match=name):
        insert(StockMovement, MOVEMENT | wrong | {"product_id": product.pk})
    assert StockMovement.objects.count() == 1


@pytest.mark.parametrize("reason", REASONS)
def test_each_reason_moves_the_quantities_in_its_way_alone(reason: str, product: Product) -> None:
    row = MOVEMENT | {"quantity_after": 5, "committed_after": 5, "product_id": product.pk}
    for delta, committed in STEPS:
        step = {"delta": delta, "committed_delta": committed, "reason": reason}
        if _is_legal(reason, delta, committed):
            insert(StockMovement, row | step)
            continue
        with pytest.raises(IntegrityError, match="movement_is_legal"):
            insert(StockMovement, row | step)


def _is_legal(reason: str, delta: int, committed: int | None) -> bool:
    if reason in {"shipped", "opened", "stolen"} and committed is None:
        return False
    if committed is None:
        return delta != 0 or reason == "counted"
    return {
        "received": delta > 0 and committed == 0,
        "sold": delta < 0 and committed == -delta,
        "released": delta > 0 and committed == -delta,
        "shipped": delta == 0 and committed < 0,
        "returned": delta > 0 and committed == 0,
        "counted": committed == 0,
        "corrected": (delta, committed) != (0, 0),
        "opened": delta == 0 and committed > 0,
        "stolen": False,
    }[reason]


@pytest.mark.parametrize(
    ("model", "wrong"),
    [
        (Product, {"price": "100000000.00"}),
        (Product, {"stock_quantity": BEYOND}),
        (Product, {"low_stock_at": BEYOND}),
        (StockMovement, {"quantity_after": BEYOND}),
    ],
)
def test_a_number_beyond_its_column_is_refused(
    model: type[Product | StockMovement], wrong: dict[str, Any], product: Product
) -> None:
    """By its type on PostgreSQL, by a CHECK on SQLite, whose integers and decimals are wider."""
    row = PRODUCT if model is Product else MOVEMENT | {"product_id": product.pk}
    error = DataError if connection.vendor == "postgresql" else IntegrityError
    with pytest.raises(error):
        insert(model, row | wrong)
    assert model._default_manager.count() == 1


def test_a_sku_belongs_to_one_product(product: Product) -> None:
    with pytest.raises(IntegrityError, match="sku"):
        insert(Product, PRODUCT | {"sku": product.sku})


@pytest.mark.parametrize(("name", "columns", "row", "others"), MOVEMENT_KEYS)
def test_a_movement_is_made_once(
    name: str,
    columns: str,
    row: dict[str, Any],
    others: list[dict[str, Any]],
    product: Product,
) -> None:
    of_product = MOVEMENT | {"product_id": product.pk}
    insert(StockMovement, of_product | row)
    # SQLite names the columns instead of the constraint.
    with pytest.raises(IntegrityError, match=f"{name}|UNIQUE .*{columns}"):
        insert(StockMovement, of_product | row)
    other = create_product(name="Pen", price="1.00")
    insert(StockMovement, of_product | row | {"product_id": other.pk})
    for each in others:
        insert(StockMovement, of_product | each)
    assert StockMovement.objects.count() == 3 + len(others)


def test_movements_without_reference_and_key_are_unlimited(product: Product) -> None:
    for _ in range(2):
        insert(StockMovement, MOVEMENT | {"product_id": product.pk})
    assert StockMovement.objects.count() == 3


def test_a_count_that_confirms_the_stock_is_a_movement_of_nothing(product: Product) -> None:
    movement, _ = count_stock(product_id=product.pk, counted=10, actor="x")
    assert (movement.delta, movement.quantity_after) == (0, 10)


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE products_stockmovement SET note = 'x'",
        "DELETE FROM products_stockmovement",
        *(
            ["TRUNCATE products_stockmovement", "TRUNCATE products_product CASCADE"]
            if connection.vendor == "postgresql"
            else ["UPDATE OR REPLACE products_stockmovement SET id = 2"]
        ),
    ],
)
def test_the_ledger_is_append_only(sql: str, product: Product) -> None:
    connection.check_constraints()  # PostgreSQL truncates no table that still waits for its checks
    with pytest.raises(IntegrityError, match="products_stockmovement is append-only"):
        execute(sql)
    assert product.movements.get().note == ""


@pytest.mark.skipif(connection.vendor != "sqlite", reason="only SQLite replaces rows")
@pytest.mark.parametrize("same", ["id", *(name for name, *_ in MOVEMENT_KEYS)])
def test_a_movement_is_not_replaced(same: str, product: Product) -> None:
    keys = {name: row for name, _, row, _ in MOVEMENT_KEYS}
    row = MOVEMENT | {"product_id": product.pk, **keys.get(same, {"id": 77})}
    insert(StockMovement, row)
    before = [*StockMovement.objects.values()]
    values = ", ".join(["%s"] * len(row))
    sql = f"REPLACE INTO products_stockmovement ({', '.join(row)}) VALUES ({values})"  # noqa: S608
    with pytest.raises(IntegrityError, match="products_stockmovement is append-only"):
        execute(sql, *(row | {"actor": "y", "note": "z"}).values())
    assert [*StockMovement.objects.values()] == before


def test_a_product_with_movements_cannot_be_deleted(product: Product) -> None:
    with pytest.raises(IntegrityError):
        execute("DELETE FROM products_product")
    assert Product.objects.get() == product


@pytest.mark.parametrize(
    ("name", "search"),
    [
        ("Große Straße", "STRASSE"),
        ("GROSSE STRASSE", "straße"),
        ("Café Crème", "CAFÉ CRÈME"),
        ("Café", "cafe\u0301"),  # é as e and a combining accent
        ("Cafe\u0301", "CAFÉ"),
        ("İstanbul", "i\u0307stanbul"),  # what small letters make of İ
        ("İstanbul", "STANBUL"),
        ("ＭＵＧ　２", "mug 2"),  # noqa: RUF001
        ("mug 2", "ＭＵＧ　２"),  # noqa: RUF001
        ("ΟΔΟΣ", "οδος"),
        ("оранжевый", "ОРАНЖ"),
        ("100% wool", "0% W"),
        ("a_b", "A_B"),
        (r"back\slash", r"K\S"),
        ("it's", "T'S"),
        ("Large Blue Mug", "ge blue mu"),
        ("Large Blue Mug", "blue "),
        ("100% wool, 50% off", "% wool, 50%"),
        ("To be or not", "be or no"),
        ("Purple Steel Bookcase", "le steel bookc"),
        ("International Internet Cafe", "ional internet"),
        ("Internal International", "internal international"),
    ],
)
def test_searching_finds(name: str, search: str) -> None:
    create_product(name=name, price="1.00")
    assert Product.objects.named_like(search).count() == 1


@pytest.mark.parametrize(
    ("name", "search"),
    [
        ("1000 wool", "100% wool"),
        ("100 wool", "%"),
        ("axb", "a_b"),
        ("axb", "_"),
        ("Cafe", "Café"),
        ("Istanbul", "İstanbul"),
        ("Mug", r"\m"),
        ("Mug", "Mugs"),
        ("Blue Large Mug", "large blue"),
        ("Blue  Mug", "blue mug"),
        ("Bluemug", "blue mug"),
        ("Mug", "mug "),
        ("Purple Steel Box", "purpose steel"),
        ("Purple Steel Box", "steel purple"),
        ("Internal International", "international internal"),
    ],
)
def test_searching_does_not_find(name: str, search: str) -> None:
    create_product(name=name, price="1.00")
    assert Product.objects.named_like(search).count() == 0


def test_a_name_that_changes_is_found_under_the_new_one(product: Product) -> None:
    product.update_product(name="Rote Tasse")
    assert Product.objects.named_like("blue").count() == 0
    assert Product.objects.named_like("TASSE").get() == product


def test_fold_makes_no_difference_twice() -> None:
    for text in ("Straße", "İstanbul", "ＭＵＧ", "ﬁne", "ΟΔΟΣ"):  # noqa: RUF001
        assert fold(fold(text)) == fold(text)


def test_generated_skus() -> None:
    skus = {generate_sku() for _ in range(1_000)}
    assert len(skus) == 1_000
    assert {(len(sku), sku[:2]) for sku in skus} == {(15, "P-")}


def test_str(product: Product) -> None:
    assert str(product) == "Blue Mug"
    assert str(product.movements.get()) == "+10 received"
