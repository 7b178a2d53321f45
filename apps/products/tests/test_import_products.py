"""The command `import_products`, and the files that it reads."""

import re
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from apps.products.models import Product, StockMovement
from apps.products.operations import create_product

pytestmark = pytest.mark.django_db

HEADER = "sku,name,description,price,stock_quantity\n"
SHOPIFY = """\
Handle,Title,Option1 Name,Option1 Value,Variant SKU,Variant Price,Variant Inventory Qty
mug,Mug,Title,Default Title,=A,x,3
"""


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str | bytes], Path]:
    def write(content: str | bytes) -> Path:
        path = tmp_path / "products.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def run(*args: str | Path) -> tuple[int, str, str]:
    """The exit status, standard output, and standard error without its last line, the rate."""
    out, err, status = StringIO(), StringIO(), 0
    try:
        call_command("import_products", *map(str, args), stdout=out, stderr=err)
    except SystemExit as end:
        status = int(end.code or 0)
    told, rate, _ = re.split(r"(.* rows in .* s: .* rows a second\.\n)", err.getvalue())
    assert rate
    return status, out.getvalue(), told


def skus() -> list[str]:
    return list(Product.objects.values_list("sku", flat=True).order_by("sku"))


def test_it_says_what_it_did(write: Callable[[str], Path]) -> None:
    create_product(sku="A-1", name="Mug", price="1", stock_quantity=3)
    create_product(sku="A-2", name="Mug", price="1")
    file = write(HEADER + "A-1,Mug,,1,5\nA-2,Mug,,1.00,\nA-3,Mug,,1,2\n")
    assert run(file) == (0, "1 created, 1 updated, 1 unchanged, 0 refused.\n", "")
    assert run(file) == (0, "0 created, 0 updated, 3 unchanged, 0 refused.\n", "")
    assert skus() == ["A-1", "A-2", "A-3"]
    assert StockMovement.objects.count() == 3


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("stream", "has_bar"), [(Terminal(), True), (StringIO(), False)])
def test_only_a_terminal_gets_a_progress_bar(
    write: Callable[[str], Path],
    monkeypatch: pytest.MonkeyPatch,
    stream: StringIO,
    has_bar: bool,
) -> None:
    file = write(HEADER + "A-1,Mug,,1,5\nA-2,Mug,,x,5\n")
    monkeypatch.setattr("sys.stderr", stream)
    assert run(file)[1] == "1 created, 0 updated, 0 unchanged, 1 refused.\n"
    assert ("100%|" in stream.getvalue()) == has_bar
    assert bool(stream.getvalue()) == has_bar


def test_a_dry_run_changes_nothing(write: Callable[[str], Path]) -> None:
    file = write(HEADER + "A-1,Mug,,1,5\nA-2,Mug,,x,5\n")
    status, out, _ = run(file, "--dry-run")
    assert (status, out) == (1, "Dry run: 1 created, 0 updated, 0 unchanged, 1 refused.\n")
    assert skus() == []


def test_columns_come_in_any_order_and_others_are_ignored(write: Callable[[str], Path]) -> None:
    file = write("colour,price,sku,colour,name\nblue,9.99,A-1,dark,Mug\n")
    assert run(file)[0] == 0
    product = Product.objects.get()
    assert (product.sku, product.name, str(product.price)) == ("A-1", "Mug", "9.99")


def test_what_spreadsheets_write_is_read(write: Callable[[bytes], Path]) -> None:
    text = 'sku,name,price,description\r\nA-1,Mug,1,"two\r\nlines, and a ""quote"""\r\n'
    assert run(write(b"\xef\xbb\xbf" + text.encode()))[0] == 0
    assert Product.objects.get().description == 'two\r\nlines, and a "quote"'


def test_a_refused_row_is_told_with_the_line_where_it_starts(
    write: Callable[[str], Path], tmp_path: Path
) -> None:
    file = write(
        "sku,name,price,description,shelf\n"
        'A-1,Mug,1,"two\nlines",1\n'
        "\n"
        'A-2,Mug,x,"three\n\nlines",2\n'
        "A-3,Mug,1,,3,4\n"
        'A-4,"Mu"g,1,,5\n'
        "A-5,Mug,1,,6\n"
        'A-6,"Mug,1,,7\n'
    )
    rejects = tmp_path / "rejects.csv"
    status, out, err = run(file, "--rejects", rejects)
    assert (status, out) == (1, "2 created, 0 updated, 0 unchanged, 4 refused.\n")
    assert skus() == ["A-1", "A-5"]
    price = 'price: Expected an amount as text, such as "9.99", at most 99999999.99.'
    cells = "Expected 5 cells, as in the first line; found 6."
    assert err == (
        f"line 5: {price}\n"
        f"line 8: {cells}\n"
        "line 9: This is not CSV: ',' expected after '\"'.\n"
        "line 11: This is not CSV: unexpected end of data.\n"
    )
    quoted = price.replace('"', '""')
    assert rejects.read_bytes().decode() == (
        "line,reason,sku,name,price,description,shelf\r\n"
        f'5,"{quoted}",A-2,Mug,x,"three\n\nlines",2\r\n'
        f'8,"{cells}",A-3,Mug,1,,3,4\r\n'
        "9,\"This is not CSV: ',' expected after '\"\"'.\"\r\n"
        "11,This is not CSV: unexpected end of data.\r\n"
    )


def test_rejects_can_be_put_right_and_imported(
    write: Callable[[str], Path], tmp_path: Path
) -> None:
    rejects = tmp_path / "rejects.csv"
    assert run(write("sku,name,price\nA-1,Mug,x\n"), "--rejects", rejects)[0] == 1
    rejects.write_text(rejects.read_text().replace("A-1,Mug,x", "A-1,Mug,2"))
    assert run(rejects) == (0, "1 created, 0 updated, 0 unchanged, 0 refused.\n", "")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "The file is empty, or its first line is."),
        (b"\n", "The file is empty, or its first line is."),
        (b"sku,nom,prix\nA,B,1\n", "The first line must name .*; missing: name, price."),
        (b"sku;name;price\nA;B;1\n", "The first line must name .*; missing: sku, name, price."),
        (b"sku,name,price,sku\n", "The first line names a column twice: sku."),
        (b'sku,name,price,"\n', "The first line cannot be used. .* unexpected end of data."),
        (HEADER.encode("utf-16"), "The first line cannot be used. It is not UTF-8."),
        (HEADER.encode("utf-16-le"), "The first line must name .*; missing: sku, name, price."),
        (b"\x7fELF\x02\x01\x01\0\0\0", "The first line must name .*; missing: sku, name, price."),
        (b"\x89PNG\r\n\x1a\n\0\0\0", "The first line cannot be used. It is not UTF-8."),
        (b"a," * 1_000_000, "The first line cannot be used. It is longer than 131072 bytes."),
        (b"sku,name,price\rA-1,Mug,1\r", "The first line cannot be used. Its lines end with CR"),
    ],
)
def test_a_file_that_cannot_be_used_changes_nothing(
    write: Callable[[bytes], Path], content: bytes, message: str
) -> None:
    with pytest.raises(CommandError, match=rf"products\.csv: .*{message}"):
        run(write(content))
    assert skus() == []


def test_a_header_alone_is_an_import_of_nothing(write: Callable[[str], Path]) -> None:
    assert run(write(HEADER)) == (0, "0 created, 0 updated, 0 unchanged, 0 refused.\n", "")


def test_files_that_cannot_be_opened_are_named(
    write: Callable[[str], Path], tmp_path: Path
) -> None:
    with pytest.raises(CommandError, match=r"missing\.csv: No such file or directory\."):
        run(tmp_path / "missing.csv")
    with pytest.raises(CommandError, match=r"No such file or directory\."):
        run(write(HEADER + "A-1,Mug,,1,\n"), "--rejects", tmp_path / "missing" / "rejects.csv")
    assert skus() == []


def test_the_rejects_never_overwrite_what_is_imported(write: Callable[[str], Path]) -> None:
    file = write(HEADER + "A-1,Mug,,x,\n")
    with pytest.raises(CommandError, match="would overwrite"):
        run(file, "--rejects", file)
    assert file.read_text() == HEADER + "A-1,Mug,,x,\n"


def test_other_peoples_columns_are_mapped(write: Callable[[str], Path], tmp_path: Path) -> None:
    mapping = ["--map", "sku=Item no.", "--map", "price=Unit price"]
    file = write("Item no.,name,Unit price\nA-1,Mug,9.99\nA-2,Mug,x\n")
    rejects = tmp_path / "rejects.csv"
    assert run(file, *mapping, "--rejects", rejects)[:2] == (
        1,
        "1 created, 0 updated, 0 unchanged, 1 refused.\n",
    )
    assert skus() == ["A-1"]
    rejects.write_text(rejects.read_text().replace("x\n", "1\n"))
    assert run(rejects, *mapping)[0] == 0
    assert skus() == ["A-1", "A-2"]
    with pytest.raises(CommandError, match="'colour=Farbe' is not NAME=COLUMN"):
        run(file, "--map", "colour=Farbe")


@pytest.mark.parametrize(
    "content",
    [
        '{"sku": "=A", "name": "Mug", "price": "x", "stock_quantity": 3}\n',
        SHOPIFY,
        "sku,name,price,stock_quantity\n=A,Mug,x,3\n",
    ],
    ids=["JSON Lines", "Shopify", "CSV"],
)
def test_rejects_are_harmless_and_can_be_put_right(
    write: Callable[[str], Path], tmp_path: Path, content: str
) -> None:
    rejects = tmp_path / "rejects.csv"
    assert run(write(content), "--rejects", rejects)[0] == 1
    text = rejects.read_text()
    assert "'=A,Mug,x," in text
    rejects.write_text(text.replace(",x,", ",2,"))
    assert run(rejects) == (0, "1 created, 0 updated, 0 unchanged, 0 refused.\n", "")
    assert list(Product.objects.values_list("sku", "name", "stock_quantity")) == [("=A", "Mug", 3)]


READ_ONLY = {
    "postgresql": ("SET default_transaction_read_only = on", "RESET default_transaction_read_only"),
    "sqlite": ("PRAGMA query_only = on", "PRAGMA query_only = off"),
}


@pytest.mark.django_db(transaction=True)
def test_a_database_that_is_read_only_is_said_without_a_traceback(tmp_path: Path) -> None:
    file = tmp_path / "products.csv"
    file.write_text(f"{HEADER}A-1,Mug,,1,5\n")
    on, off = READ_ONLY[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(on)
    try:
        with pytest.raises(CommandError, match=r"^The database failed: .*run the command again\.$"):
            run(file)
    finally:
        with connection.cursor() as cursor:
            cursor.execute(off)
    assert skus() == []
