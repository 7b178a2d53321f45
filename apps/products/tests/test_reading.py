"""The formats that products are read from."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from apps.products.exceptions import UnusableFile
from apps.products.importing.reading import parse_mapping
from apps.products.models import Product
from apps.products.operations import import_products
from apps.products.tests.files import product_file, rows_of, told

SHOPIFY = Path(__file__).resolve().parents[4] / "shared" / "data" / "shopify"
MUG = {"sku": "A-1", "name": "Mug", "price": "9.99"}


# Mapping


def test_a_mapping_names_the_columns_of_others() -> None:
    mapping = parse_mapping(["sku=Item no.", "price=Unit=Price"])
    assert mapping == {"sku": "Item no.", "price": "Unit=Price"}
    content = "name,Item no.,sku,Unit=Price\nMug,A-1,other,9.99\n"
    assert told(content, mapping) == [(2, MUG)]
    assert told('{"Item no.": "A-1", "name": "Mug", "Unit=Price": "9.99"}', mapping) == [(1, MUG)]


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["sku"], "'sku' is not NAME=COLUMN"),
        (["sku="], "'sku=' is not NAME=COLUMN"),
        (["=Item"], "'=Item' is not NAME=COLUMN"),
        (["id=Item"], "'id=Item' is not NAME=COLUMN with a NAME of sku, name, price, desc"),
        (["sku=A", "sku=B"], r"sku is mapped twice\."),
    ],
)
def test_a_mapping_that_is_none_is_refused(texts: list[str], message: str) -> None:
    with pytest.raises(UnusableFile, match=message):
        parse_mapping(texts)


def test_a_column_that_is_mapped_must_be_there_once() -> None:
    with pytest.raises(UnusableFile, match=r"missing: Lager\."):
        product_file("sku,name,price\n", {"stock_quantity": "Lager"})
    with pytest.raises(UnusableFile, match=r"names a column twice: Preis\."):
        product_file("sku,name,Preis,Preis\n", {"price": "Preis"})
    two = {"name": "sku", "price": "sku"}
    assert told("sku\n1\n", two) == [(2, {"sku": "1", "name": "1", "price": "1"})]


# CSV


def test_an_empty_cell_of_stock_or_state_says_nothing() -> None:
    content = "sku,name,price,description,stock_quantity,is_active\nA-1,Mug,9.99,,,\n"
    assert told(content) == [(2, MUG | {"description": ""})]


def test_cells_that_were_made_harmless_are_read_back() -> None:
    content = "sku,name,price\n'=A-1,''-Mug,9.99\n"
    assert told(content) == [(2, {"sku": "=A-1", "name": "'-Mug", "price": "9.99"})]


# JSON Lines


@pytest.mark.parametrize(
    ("line", "fields"),
    [
        ('{"sku": "A-1", "name": "Mug", "price": "9.99"}', MUG),
        ('{"sku": "A-1", "name": "Mug", "price": 9.99, "x": [{}]}', MUG),
        ('{"sku": 17, "name": "Mug", "price": 9}', {"sku": "17", "name": "Mug", "price": "9"}),
        ('{"sku": "A-1", "description": null}', {"sku": "A-1"}),
        ('{"stock_quantity": 3}', {"stock_quantity": 3}),
        ('{"price": true, "is_active": false}', {"price": True, "is_active": False}),
        ("{}", {}),
        ('{"sku": "A", "name": "B", "sku": "C"}', "A name comes twice: sku."),
        ("[]", "Expected an object, such as {…}."),
        ("1", "Expected an object, such as {…}."),
        ('{"sku": NaN}', "This is not JSON: JSON is malformed: invalid character (byte 8)."),
        ('{"sku": "A"', "This is not JSON: Input data was truncated."),
    ],
)
def test_a_line_of_json(line: str, fields: Any) -> None:
    [(_, first), (number, second), (last, third)] = told(f"{{}}\n{line}\r\n \n{json.dumps(MUG)}")
    assert (first, number, second, last, third) == ({}, 2, fields, 4, MUG)


def test_the_price_of_a_json_number_is_to_the_cent() -> None:
    cents = [*range(0, 10_000_000_000, 99_999_971), 9_999_999_999, 1, 10, 29, 57, 58, 1_005]
    for cent in cents:
        price = f"{cent // 100}.{cent % 100:02}"
        [row] = rows_of(f'{{"price": {price}}}')
        assert float(row.fields["price"]) * 100 == pytest.approx(cent, abs=1e-3)
        assert len(row.fields["price"].partition(".")[2]) <= 2


# Shopify

COLUMNS = (
    *("Handle", "Title", "Body (HTML)", "Option1 Name", "Option1 Value", "Option2 Name"),
    *("Option2 Value", "Variant SKU", "Variant Inventory Qty", "Variant Price", "Image Src"),
    "Status",
)


def shopify(*rows: dict[str, str]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def variant(handle: str = "tee", **cells: str) -> dict[str, str]:
    named = {name.replace("_", " "): cell for name, cell in cells.items()}
    return {"Handle": handle, "Variant Price": "5"} | named


TEE = variant(Title="Tee", Option1_Name="Size", Option1_Value="S", Option2_Name="Colour") | {
    "Body (HTML)": "<p>Soft</p>",
    "Option2 Value": "Red",
    "Variant Inventory Qty": "3",
}


def test_a_product_of_shopify_per_variant() -> None:
    content = shopify(
        TEE,
        variant(Option1_Value="M", Option2_Value="Red", Variant_SKU=" T-M "),
        {"Handle": "tee", "Image Src": "https://example.com/tee.jpg"},
        variant("cap", Title="Cap", Option1_Name="Title", Option1_Value="Default Title"),
    )
    soft = {"price": "5", "description": "<p>Soft</p>"}
    assert told(content) == [
        (2, {"sku": "tee/S/Red", "name": "Tee - S / Red", "stock_quantity": "3"} | soft),
        (3, {"sku": "T-M", "name": "Tee - M / Red"} | soft),
        (5, {"sku": "cap", "name": "Cap", "price": "5", "description": ""}),
    ]


@pytest.mark.parametrize(
    ("status", "is_active"),
    [("active", "true"), ("draft", "false"), ("Archived", "false"), ("", None), ("lost", None)],
)
def test_the_status_of_shopify(status: str, is_active: str | None) -> None:
    [row, second] = rows_of(shopify(TEE | {"Status": status}, variant(Option1_Value="M")))
    assert row.fields.get("is_active") == second.fields.get("is_active") == is_active


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        (variant("", Title="Tee"), "It has no Handle."),
        (variant("cap", Option1_Value="S"), "No row of cap before this one has a Title."),
        ({"Handle": "tee"}, "It has neither a variant nor an image."),
        (TEE, "An earlier variant of tee has the SKU tee/S/Red."),
    ],
)
def test_a_row_that_is_no_variant_is_refused(row: dict[str, str], problem: str) -> None:
    content = shopify(TEE, row, variant("hat", Title="Hat"))
    [(_, _), (line, what), (_, last)] = told(content)
    assert (line, what, last["sku"]) == (3, problem, "hat")


def test_a_long_handle_makes_a_short_sku_that_stays_the_same() -> None:
    rows = [variant("h" * 200, Title="T", Option1_Value=value) for value in ("S", "M", "S")]
    skus = [row.fields.get("sku") for row in rows_of(shopify(*rows))]
    assert [len(sku) for sku in skus if sku] == [100, 100]
    assert skus[0] != skus[1]
    assert skus == [row.fields.get("sku") for row in rows_of(shopify(*rows))]
    assert skus[2] is None  # refused as the SKU of an earlier variant


def test_with_a_mapping_a_file_is_not_taken_for_shopifys() -> None:
    mapping = {"sku": "Handle", "name": "Title", "price": "Variant Price"}
    assert told(shopify(TEE), mapping) == [(2, {"sku": "tee", "name": "Tee", "price": "5"})]


@pytest.mark.django_db
@pytest.mark.parametrize(("name", "products"), [("apparel", 22), ("home-and-garden", 21)])
def test_real_files_of_shopify(name: str, products: int) -> None:
    path = SHOPIFY / f"{name}.csv"
    if not path.exists():
        pytest.skip(f"{path} is not there.")
    for result in ("created", "unchanged"):
        with path.open("rb") as file:
            content = file.read()
        outcomes = list(import_products(product_file(content)))
        assert [outcome.result.value for outcome in outcomes] == [result] * products
    assert Product.objects.count() == products
