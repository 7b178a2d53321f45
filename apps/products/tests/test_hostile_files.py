"""Hostile files are refused or read correctly, row by row."""

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from apps.products.exceptions import UnusableFile
from apps.products.models import Product, StockMovement
from apps.products.operations import import_products
from apps.products.tests.files import product_file
from apps.products.tests.hostile_files import GOOD, HEADER, HOSTILE, LONG, Hostile

pytestmark = pytest.mark.django_db

USABLE = {name: each for name, each in HOSTILE.items() if not each.unusable}
UNUSABLE = {name: each for name, each in HOSTILE.items() if each.unusable}


@pytest.mark.parametrize("hostile", USABLE.values(), ids=USABLE)
def test_each_row_is_read_or_refused(hostile: Hostile) -> None:
    outcomes = [
        (outcome.row.line, outcome.result.value, outcome.reason)
        for outcome in import_products(product_file(hostile.content))
    ]
    assert outcomes == hostile.outcomes
    assert Product.objects.count() == sum(result == "created" for _, result, _ in outcomes)
    in_stock = Product.objects.filter(stock_quantity__gt=0)
    assert StockMovement.objects.count() >= in_stock.count()


@pytest.mark.parametrize("hostile", UNUSABLE.values(), ids=UNUSABLE)
def test_a_file_of_no_use_is_refused_as_a_whole(hostile: Hostile) -> None:
    with pytest.raises(UnusableFile) as refusal:
        list(import_products(product_file(hostile.content)))
    assert str(refusal.value) == hostile.unusable
    assert Product.objects.count() == 0


def test_formulas_are_texts() -> None:
    list(import_products(product_file(HEADER + b"=A,=B,1,1\n")))
    assert list(Product.objects.values_list("sku", "name")) == [("=A", "=B")]


def test_lines_in_quotes_are_one_name() -> None:
    list(import_products(product_file(HOSTILE["lines in quotes"].content)))
    names = list(Product.objects.order_by("sku").values_list("name", flat=True))
    assert names == ["Mug\r\nA-9,Pot,1,1", "Pot"]


def test_a_line_of_a_hundred_megabytes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "products.csv"
    with path.open("wb") as file:
        file.write(HEADER + GOOD + b"A-2,")
        file.writelines(b"x" * 1_000_000 for _ in range(100))
        file.write(b",1,1\nA-3,Pot,1,1\n")
    with pytest.raises(SystemExit, match="1"):
        call_command("import_products", path)
    out, err = capsys.readouterr()
    assert out == "2 created, 0 updated, 0 unchanged, 1 refused.\n"
    assert err.splitlines()[0] == f"line 3: {LONG}"
    assert list(Product.objects.order_by("sku").values_list("sku", flat=True)) == ["A-1", "A-3"]


def test_the_file_of_no_use_is_named(tmp_path: Path) -> None:
    path = tmp_path / "products.csv"
    path.write_bytes(HOSTILE["binary"].content)
    with pytest.raises(CommandError, match=r"products\.csv: The first line cannot be used\."):
        call_command("import_products", path)
