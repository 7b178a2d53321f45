from collections.abc import Iterable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from apps.products.importing.reading import Row
from apps.products.models import Product, StockMovement
from apps.products.operations import Result, create_product, import_products
from apps.products.tests.selling import sell

pytestmark = pytest.mark.django_db


def row(sku: str = "A-1", line: int = 2, **fields: Any) -> Row:
    return Row(line=line, fields={"sku": sku, "name": "Blue Mug", "price": "9.99"} | fields)


def results(rows: Iterable[Row], **options: Any) -> list[str]:
    return [outcome.result.value for outcome in import_products(rows, **options)]


def refusals(*rows: Row) -> list[tuple[int, str]]:
    return [
        (outcome.row.line, outcome.reason)
        for outcome in import_products(rows)
        if outcome.result is Result.REFUSED
    ]


def movements() -> list[tuple[str, int, int, str]]:
    ledger = StockMovement.objects.order_by("pk")
    return list(ledger.values_list("product__sku", "delta", "quantity_after", "reason"))


def test_a_new_sku_makes_a_product_like_any_other() -> None:
    assert results([row(name="Straße", description="Blue", stock_quantity="7")]) == ["created"]
    product = Product.objects.get()
    assert (product.sku, product.name, product.description) == ("A-1", "Straße", "Blue")
    assert (str(product.price), product.stock_quantity) == ("9.99", 7)
    assert (product.is_active, product.low_stock_at) == (True, None)
    assert Product.objects.named_like("STRASSE").count() == 1
    movement = StockMovement.objects.get()
    assert (movement.delta, movement.quantity_after, movement.reason) == (7, 7, "received")
    assert (movement.actor, movement.reference, movement.note) == ("command line", "", "")
    # The next one is created as usual: the id was taken from where they all come from.
    assert create_product(name="Red Mug", price="1").pk == product.pk + 1


def test_a_new_product_needs_neither_description_nor_stock() -> None:
    assert results([row()]) == ["created"]
    product = Product.objects.get()
    assert (product.description, product.stock_quantity) == ("", 0)
    assert movements() == []


def test_a_known_sku_is_updated_and_its_stock_counted() -> None:
    create_product(sku="A-1", name="Old", description="Old", price="1", stock_quantity=10)
    before = Product.objects.get()
    assert results([row(name="New", description="", stock_quantity="4")]) == ["updated"]
    after = Product.objects.get()
    assert (after.pk, after.name, after.description) == (before.pk, "New", "")
    assert (str(after.price), after.stock_quantity) == ("9.99", 4)
    assert after.folded_name == "new"
    assert after.created_at == before.created_at
    assert after.updated_at > before.updated_at
    assert movements() == [("A-1", 10, 10, "received"), ("A-1", -6, 4, "counted")]


def test_what_a_row_does_not_say_stays() -> None:
    product = create_product(
        sku="A-1", name="Old", description="Kept", price="1", stock_quantity=10, is_active=False
    )
    assert results([row()]) == ["updated"]
    product.refresh_from_db()
    assert (product.name, product.description) == ("Blue Mug", "Kept")
    assert (product.stock_quantity, product.is_active) == (10, False)
    assert movements() == [("A-1", 10, 10, "received")]


def test_importing_again_changes_nothing() -> None:
    rows = [row(f"A-{number}", stock_quantity=str(number)) for number in range(3)]
    assert results(rows) == ["created"] * 3
    before = list(Product.objects.values()), movements()
    assert results(rows) == ["unchanged"] * 3
    assert (list(Product.objects.values()), movements()) == before


def test_a_sku_that_comes_again_changes_what_came_before() -> None:
    rows = [
        row(stock_quantity="5"),
        row(price="1.00", stock_quantity="8"),
        row(price="1", stock_quantity="8"),
    ]
    assert results(rows) == ["created", "updated", "unchanged"]
    product = Product.objects.get()
    assert (str(product.price), product.stock_quantity) == ("1.00", 8)
    assert movements() == [("A-1", 5, 5, "received"), ("A-1", 3, 8, "counted")]


def test_a_dry_run_tells_the_same_and_writes_nothing() -> None:
    create_product(sku="A-1", name="Blue Mug", price="9.99", stock_quantity=1)
    before = list(Product.objects.values()), movements()
    rows = [row(), row(stock_quantity="9"), row("A-2"), row("A-2"), row("A-3", price="x")]
    told = results(rows, dry_run=True)
    assert told == ["unchanged", "updated", "created", "unchanged", "refused"]
    assert (list(Product.objects.values()), movements()) == before
    assert results(rows) == told


BOTH = "on_hand: Say either stock_quantity or on_hand, or both as in an export."
NEGATIVE = "stock_quantity: Expected a whole number from 0."


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"price": "1_000"}, 'price: Expected an amount as text, such as "9.99", at most 999'),
        ({"price": "-1"}, "price: Expected an amount"),
        ({"price": "٩"}, "price: Expected an amount"),
        ({"price": "100000000"}, "price: Expected an amount"),
        ({"name": " "}, "name: Expected text that is not blank and has no NUL character."),
        ({"name": "x" * 256}, "name: Expected text of 1 to 255 characters."),
        ({"description": "a\0b"}, "description: The character NUL is not allowed."),
        ({"sku": ""}, "sku: Expected text of 1 to 100 characters."),
        ({"stock_quantity": "-1"}, NEGATIVE),
        (
            {"stock_quantity": "2147483648"},
            "stock_quantity: Expected a whole number from -2147483647 to 2147483647.",
        ),
        (
            {"stock_quantity": "many"},
            "stock_quantity: Expected a whole number from -2147483647 to 2147483647.",
        ),
        ({"on_hand": "-1"}, "on_hand: Expected a whole number from 0 to 2147483647."),
        ({"on_hand": "2147483648"}, "on_hand: Expected a whole number from 0 to 2147483647."),
        (
            {"committed_quantity": "-1"},
            "committed_quantity: Expected a whole number from 0 to 2147483647.",
        ),
        ({"stock_quantity": "1", "on_hand": "1"}, BOTH),
        ({"stock_quantity": "1", "on_hand": "2", "committed_quantity": "2"}, BOTH),
        ({"stock_quantity": "-1", "on_hand": "1", "committed_quantity": "2"}, NEGATIVE),
    ],
)
def test_a_bad_row_is_refused_alone(fields: dict[str, str], reason: str) -> None:
    bad = Row(line=3, fields=row().fields | fields)
    [(line, told)] = refusals(row("A-1"), bad, row("A-2", line=4))
    assert (line, told[: len(reason)]) == (3, reason)
    assert list(Product.objects.values_list("sku", flat=True)) == ["A-1", "A-2"]


def test_every_error_of_a_row_is_told() -> None:
    [(_, reason)] = refusals(row(sku="", name=""))
    assert reason == (
        "sku: Expected text of 1 to 100 characters. name: Expected text of 1 to 255 characters."
    )


def test_what_the_database_refuses_is_refused_alone() -> None:
    create_product(sku="A-2", name="Old", price="1", stock_quantity=1)
    _let_the_database_refuse("Cursed")
    rows = [row("A-1"), row("A-2", line=3, name="Cursed"), row("A-3", line=4, stock_quantity="2")]
    [(line, reason)] = refusals(*rows)
    assert line == 3
    assert reason.startswith("The database refuses it: ")
    assert list(Product.objects.values_list("sku", "name").order_by("sku")) == [
        ("A-1", "Blue Mug"),
        ("A-2", "Old"),
        ("A-3", "Blue Mug"),
    ]
    assert movements() == [("A-2", 1, 1, "received"), ("A-3", 2, 2, "received")]


def _let_the_database_refuse(name: str) -> None:
    """No product may be given this name; undone with the test's transaction."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"ALTER TABLE products_product ADD CHECK (name <> '{name}') NOT VALID")
            return
        for event in ("INSERT", "UPDATE"):
            cursor.execute(
                f"CREATE TRIGGER cursed_{event} BEFORE {event} ON products_product "
                f"WHEN NEW.name = '{name}' BEGIN SELECT RAISE(ABORT, 'cursed'); END"
            )


@pytest.mark.parametrize("count", [2, 200])
def test_a_chunk_takes_a_fixed_number_of_statements(
    count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    known = [row(f"A-{number}") for number in range(count)]
    assert results(known) == ["created"] * count
    rows = [row(each.fields["sku"], price="2", stock_quantity="3") for each in known]
    rows += [row(f"B-{number}", stock_quantity="4") for number in range(count)]
    # Five, on PostgreSQL one that reads the clock, and the savepoint of the test's transaction.
    with django_assert_num_queries(8 if connection.vendor == "postgresql" else 7):
        assert results(rows) == ["updated"] * count + ["created"] * count
    assert StockMovement.objects.count() == 2 * count


def test_rows_are_taken_in_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.products.importing.importer.CHUNK_SIZE", 2)
    read = []

    def rows() -> Iterable[Row]:
        for number in range(5):
            read.append(number)
            yield row(f"A-{number}")

    outcomes = import_products(rows())
    assert next(outcomes).result is Result.CREATED
    assert (read, Product.objects.count()) == ([0, 1], 2)
    assert [outcome.result.value for outcome in outcomes] == ["created"] * 4
    assert (read, Product.objects.count()) == ([0, 1, 2, 3, 4], 5)


def test_what_is_updated_is_locked_in_the_order_of_ids() -> None:
    create_product(sku="A-1", name="Blue Mug", price="9.99")
    with CaptureQueriesContext(connection) as queries:
        assert results([row(price="2")]) == ["updated"]
    select, *_ = [query["sql"] for query in queries if query["sql"].startswith("SELECT")]
    assert 'ORDER BY "products_product"."id" ASC' in select
    # SQLite has no such clause: its transaction is alone in writing from the start.
    assert ("FOR NO KEY UPDATE" in select) == (connection.vendor == "postgresql")


def test_the_state_of_a_product_is_imported() -> None:
    create_product(sku="A-1", name="Blue Mug", price="9.99", is_active=False)
    rows = [
        row("A-1"),
        row("A-2", is_active="false"),
        row("A-1", is_active="TRUE"),
        row("A-3", is_active="maybe"),
    ]
    assert results(rows) == ["unchanged", "created", "updated", "refused"]
    states = list(Product.objects.order_by("sku").values_list("sku", "is_active"))
    assert states == [("A-1", True), ("A-2", False)]


def test_who_may_not_count_imports_all_but_changes_of_stock() -> None:
    create_product(sku="A-1", name="Old", price="1", stock_quantity=3)
    rows = [
        row("A-1", name="New", stock_quantity="3"),
        row("A-1", name="Newer", stock_quantity="4"),
        row("A-2", stock_quantity="5"),
        row("A-1"),
    ]
    outcomes = list(import_products(rows, may_count=False))
    assert [outcome.result.value for outcome in outcomes] == [
        "updated",
        "refused",
        "created",
        "updated",
    ]
    assert outcomes[1].reason == "stock_quantity: This needs the scope stock:write; there are 3."
    assert Product.objects.get(sku="A-1").name == "Blue Mug"
    assert movements() == [("A-1", 3, 3, "received"), ("A-2", 5, 5, "received")]


@pytest.mark.parametrize(
    ("fields", "to_sell", "delta"),
    [
        ({"stock_quantity": "8"}, 8, 2),
        ({"on_hand": "8"}, 4, -2),
        ({"on_hand": "3"}, -1, -7),
        ({"on_hand": "10"}, 6, None),
        ({"on_hand": "10", "committed_quantity": "9"}, 6, None),
        ({"committed_quantity": "9"}, 6, None),
        ({"stock_quantity": "5", "committed_quantity": "1", "on_hand": "6"}, 5, -1),
    ],
)
def test_a_row_says_what_can_be_sold_or_what_lies_on_the_shelf(
    fields: dict[str, Any], to_sell: int, delta: int | None
) -> None:
    mug = create_product(sku="A-1", name="Blue Mug", price="9.99", stock_quantity=10)
    sell(mug, 4)
    expected = ["unchanged" if delta is None else "updated"]
    assert results([row(**fields)]) == expected
    mug.refresh_from_db()
    assert (mug.stock_quantity, mug.committed_quantity) == (to_sell, 4)
    newest = StockMovement.objects.latest("pk")
    if delta is None:
        assert newest.reason == "sold"
    else:
        moved = (newest.delta, newest.quantity_after, newest.committed_delta)
        assert (newest.reason, *moved) == ("counted", delta, to_sell, 0)
        assert newest.committed_after == 4
    assert results([row(**fields)]) == ["unchanged"]


def test_a_new_product_begins_with_what_lies_on_the_shelf() -> None:
    assert results([row(on_hand="7")]) == ["created"]
    assert movements() == [("A-1", 7, 7, "received")]
    exported: dict[str, Any] = {"stock_quantity": "3", "committed_quantity": "2", "on_hand": "5"}
    assert results([row("A-2", **exported)]) == ["created"]  # whose orders stay elsewhere
    assert Product.objects.get(sku="A-2").on_hand == 3


def test_a_count_takes_the_scope_too() -> None:
    create_product(sku="A-1", name="Blue Mug", price="9.99", stock_quantity=3)
    [outcome] = import_products([row(on_hand="4")], may_count=False)
    assert outcome.reason == "on_hand: This needs the scope stock:write; there are 3."
    [outcome] = import_products([row(on_hand="3")], may_count=False)
    assert outcome.result is Result.UNCHANGED


def test_a_row_never_fills_the_shelf_beyond_its_bounds() -> None:
    mug = create_product(sku="A-1", name="Blue Mug", price="9.99", stock_quantity=10)
    sell(mug, 4)
    [(_, reason)] = refusals(row(stock_quantity=str(2**31 - 4)))
    assert reason == "stock_quantity: There are 10 on hand."
    assert results([row(stock_quantity=str(2**31 - 5))]) == ["updated"]


def test_long_rows_make_short_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.products.importing.importer.CHUNK_BYTES", 100)
    long = [Row(line=2, size=60, fields=row(f"A-{number}").fields) for number in range(3)]
    outcomes = import_products(long)
    assert next(outcomes).result is Result.CREATED
    assert Product.objects.count() == 2
    assert len(list(outcomes)) == 2
    assert Product.objects.count() == 3
