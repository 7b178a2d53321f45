"""The commands `export_products` and `export_movements`."""

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.products.export.rows import export_products
from apps.products.models import Product, StockMovement
from apps.products.operations import (
    change_stock,
    count_stock,
    create_product,
    import_products,
)
from apps.products.serializers import ProductOut
from apps.products.tests.files import product_file
from apps.products.tests.selling import sell
from monoservices.files.exporting import Format

ROOT = Path(__file__).resolve().parents[3]

pytestmark = pytest.mark.django_db

texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=30)
pieces = st.lists(st.sampled_from(["=", "'", '"', ",", "\r\n", "\r", "\n", "\t", "-", "a"])).map(
    "".join
)


def exported(command: str, *options: str) -> str:
    out = io.StringIO()
    call_command(command, *options, stdout=out)
    return out.getvalue()


@pytest.mark.parametrize("file_format", Format)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=texts | pieces, description=texts | pieces)
def test_whatever_a_text_is_it_is_read_back(
    file_format: Format, name: str, description: str
) -> None:
    name = f"{name}."  # it must not be blank
    product = create_product(name=name, description=description, price="1.50", stock_quantity=2)
    this = Product.objects.filter(pk=product.pk)
    content = b"".join(export_products(this, file_format=file_format))
    [row] = product_file(content)
    assert (row.fields["name"], row.fields["description"]) == (name, description)
    assert [each.result.value for each in import_products([row])] == ["unchanged"]
    this.update(name="Other", description="", price=0, is_active=False)
    assert [each.result.value for each in import_products([row])] == ["updated"]
    again = this.get()
    assert (again.name, again.description, str(again.price)) == (name, description, "1.50")
    assert (again.stock_quantity, again.is_active) == (2, True)


@pytest.mark.parametrize("file_format", Format)
def test_an_export_changes_nothing_when_it_is_imported(file_format: Format) -> None:
    """Not even where units are promised, or are promised and not there."""
    mug = create_product(sku="MUG", name="Mug", price="1", stock_quantity=5)
    pot = create_product(sku="POT", name="Pot", price="1", stock_quantity=5)
    for product in (mug, pot):
        sell(product, 4)
    count_stock(product_id=pot.pk, counted=1, actor="x")
    content = b"".join(export_products(Product.objects.all(), file_format=file_format))
    rows = list(product_file(content))
    quantities = ("stock_quantity", "committed_quantity", "on_hand")
    assert [[str(row.fields[name]) for name in quantities] for row in rows] == [
        ["1", "4", "5"],
        ["-3", "4", "1"],
    ]
    assert [each.result.value for each in import_products(rows)] == ["unchanged"] * 2


def test_a_movement_from_before_there_were_two_quantities_commits_nothing() -> None:
    mug = create_product(sku="MUG", name="Mug", price="1")
    StockMovement.objects.create(
        product=mug, delta=1, quantity_after=1, reason="received", actor="x"
    )
    [row] = csv.DictReader(io.StringIO(exported("export_movements"), newline=""))
    assert (row["committed_delta"], row["committed_after"]) == ("0", "")


def test_movements_are_exported() -> None:
    mug = create_product(sku="@MUG", name="Mug", price="1", stock_quantity=5)
    change_stock(product_id=mug.pk, delta=-2, reason="corrected", actor="client:1", note="=lost")
    received, corrected = StockMovement.objects.order_by("pk")
    rows = list(csv.DictReader(io.StringIO(exported("export_movements"), newline="")))
    assert [row.pop("created_at")[-1] for row in rows] == ["Z", "Z"]
    assert rows == [
        {
            "id": str(received.pk),
            "product_id": str(mug.pk),
            "sku": "'@MUG",
            "delta": "5",
            "quantity_after": "5",
            "committed_delta": "0",
            "committed_after": "0",
            "reason": "received",
            "reference": "",
            "note": "",
            "actor": "command line",
        },
        {
            "id": str(corrected.pk),
            "product_id": str(mug.pk),
            "sku": "'@MUG",
            "delta": "-2",  # a number, which no spreadsheet runs
            "quantity_after": "3",
            "committed_delta": "0",
            "committed_after": "0",
            "reason": "corrected",
            "reference": "",
            "note": "'=lost",
            "actor": "client:1",
        },
    ]
    lines = exported("export_movements", "--format", "jsonl").splitlines()
    assert [json.loads(line)["note"] for line in lines] == ["", "=lost"]


def test_an_empty_shop_has_a_header() -> None:
    assert exported("export_products") == f"{','.join(ProductOut.__struct_fields__)}\r\n"
    assert exported("export_products", "--format=jsonl") == ""


@pytest.mark.skipif(
    connection.vendor != "sqlite", reason="the commands have a database of their own"
)
def test_a_reader_that_has_had_enough_is_no_failure(tmp_path: Path) -> None:
    environment = os.environ | {
        "DATABASE_URL": f"sqlite:///{tmp_path / 'shop.sqlite3'}",
        "PYTHONIOENCODING": "latin-1",
    }
    manage = [sys.executable, "manage.py"]
    migrate = [*manage, "migrate", "--verbosity=0"]
    subprocess.run(migrate, cwd=ROOT, env=environment, check=True)
    file = tmp_path / "products.csv"
    file.write_text("sku,name,price\n" + "".join(f"A-{n},Łódź {n},1\n" for n in range(5_000)))
    load = [*manage, "import_products", str(file)]
    subprocess.run(load, cwd=ROOT, env=environment, check=True, capture_output=True)
    with subprocess.Popen(
        [*manage, "export_products"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as export:
        assert export.stdout is not None
        assert export.stderr is not None
        _, first = export.stdout.readline(), export.stdout.readline()
        export.stdout.close()
        assert export.stderr.read() == b""
    assert export.returncode == 1
    assert first.decode().split(",")[:3] == ["1", "A-0", "Łódź 0"]
