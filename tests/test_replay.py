"""The replay of real invoices: what it reads, and its effect on a running server."""

import csv
import gzip
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections import Counter, defaultdict
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from apps.accounts.operations import issue_key
from apps.orders.models import Order
from apps.products.models import Product, StockMovement
from benchmarks.replay.invoices import Charge, Invoice, Return, UnusableFile, read_books
from benchmarks.replay.report import percentile, reconcile

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT.parent / "shared" / "data" / "online-retail"
DEADLINE = 30
SCOPES = ("products:read", "products:write", "stock:write", "orders:write", "orders:price")

HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
ROWS = """\
536365,85123A,,6,2010-12-01 08:26:00,2.55,17850,United Kingdom
536365,71053,WHITE METAL LANTERN,6,2010-12-01 08:26:00,3.39,17850,United Kingdom
536365,85123A,WHITE HEART,2,2010-12-01 08:26:00,2.55,17850,United Kingdom
536365,85123A,WHITE HEART,1,2010-12-01 08:26:00,2.5,17850,United Kingdom
536365,POST,POSTAGE,2,2010-12-01 08:26:00,9.00,17850,France
536365,D,Discount,-1,2010-12-01 08:26:00,3.24,17850,France
536365,M,,1,2010-12-01 08:26:00,0.24,17850,France
536366,DOT,DOTCOM POSTAGE,1,2010-12-01 08:27:00,18.00,17850,France
C536379,71053,WHITE METAL LANTERN,-2,2010-12-01 09:41:00,3.39,14527,United Kingdom
C536379,71053,WHITE METAL LANTERN,-1,2010-12-01 09:41:00,3.39,14527,United Kingdom
C536379,D,Discount,-1,2010-12-01 09:41:00,27.50,14527,United Kingdom
C536380,22960,JAM JAR,-3,2010-12-01 09:41:00,4.25,14527,United Kingdom
536414,22139,,56,2010-12-01 11:52:00,0.00,,United Kingdom
536589,21777,,-10,2010-12-01 16:50:00,0.00,,United Kingdom
A563185,21777,Adjust bad debt,1,2010-12-01 14:50:00,11062.06,,United Kingdom
536370,71053,WHITE METAL LANTERN,10,2010-12-01 08:45:00,3.39,12583,France
536370,71053,WHITE METAL LANTERN,many,2010-12-01 08:45:00,3.39,12583,France
536370,71053,WHITE METAL LANTERN,1,2010-12-01 08:45:00,3.391,12583,France
"""
SKIPPED = {
    "cancellation": 3,
    "no_price": 1,
    "no_quantity": 1,
    "not_a_product": 2,
    "not_an_invoice": 1,
    "unreadable": 2,
}


@pytest.fixture
def invoices(tmp_path: Path) -> Path:
    path = tmp_path / "invoices.csv"
    path.write_text(HEADER + ROWS)
    return path


def test_rows_become_invoices_and_returns(invoices: Path) -> None:
    books = read_books([invoices])
    lantern, heart = ("71053", Decimal("3.39")), ("85123A", Decimal("2.55"))
    assert books.played == [
        Invoice(
            "536365",
            Counter({lantern: 6, heart: 8, ("85123A", Decimal("2.5")): 1}),
            [
                Charge("shipping", "POSTAGE", Decimal("18.00")),
                Charge("discount", "Discount", Decimal("-3.24")),
                Charge("fee", "M", Decimal("0.24")),
            ],
        ),
        Return("C536379", Counter({"71053": 3})),
        Return("C536380", Counter({"22960": 3})),
        Invoice("536370", Counter({lantern: 10})),
    ]
    assert books.skipped == SKIPPED
    products = {each.code: (each.name, str(each.price)) for each in books.products.values()}
    assert products == {
        "85123A": ("WHITE HEART", "2.55"),
        "71053": ("WHITE METAL LANTERN", "3.39"),
        "22960": ("JAM JAR", "4.25"),
    }


def test_an_invoice_in_two_files_is_one(invoices: Path, tmp_path: Path) -> None:
    compressed = tmp_path / "more.csv.gz"
    compressed.write_bytes(gzip.compress((HEADER + ROWS).encode()))
    books = read_books([invoices, compressed])
    assert [each.number for each in books.played] == ["536365", "C536379", "C536380", "536370"]
    first = books.played[0]
    assert isinstance(first, Invoice)
    assert sum(first.lines.values()) == 30


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.csv"
    path.write_text("InvoiceNo,StockCode\n")
    with pytest.raises(UnusableFile, match="has no column Description, Quantity, UnitPrice"):
        read_books([path])


def test_four_months_of_a_wholesaler() -> None:
    files = sorted(DATA.glob("*.csv.gz"))
    if not files:
        pytest.skip(f"{DATA} is not there.")
    revenue, units, returned = Decimal(0), 0, 0
    of_products: set[str] = set()
    others: defaultdict[str, Decimal] = defaultdict(Decimal)
    for path in files:
        with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                quantity, price = int(row["Quantity"]), Decimal(row["UnitPrice"])
                if not row["StockCode"][:5].isdigit() or len(row["StockCode"]) < 5:
                    others[row["InvoiceNo"]] += quantity * price
                    continue
                if row["InvoiceNo"].isdigit() and quantity > 0 and price > 0:
                    revenue += quantity * price
                    units += quantity
                    of_products.add(row["InvoiceNo"])
                elif row["InvoiceNo"][0] == "C" and quantity < 0:
                    returned -= quantity
    books = read_books(files)
    sales = [each for each in books.played if isinstance(each, Invoice)]
    lines = [(price, units) for each in sales for (_, price), units in each.lines.items()]
    assert sum((price * count for price, count in lines), Decimal(0)) == revenue
    assert sum(count for _, count in lines) == units
    back = [each for each in books.played if isinstance(each, Return)]
    assert sum(sum(each.units.values()) for each in back) == returned
    assert (len(sales), len(lines), len(back)) == (5_164, 135_718, 1_020)
    assert (str(revenue), units, returned) == ("2649782.92", 1_406_479, 102_737)
    charges = {each.number: sum(charge.amount for charge in each.charges) for each in sales}
    assert charges == {number: others[number] for number in of_products}
    assert sum(len(each.charges) for each in sales) == 640
    assert sum(charges.values()) == Decimal("80755.30")
    kinds = Counter(charge.type for each in sales for charge in each.charges)
    assert kinds == {"shipping": 546, "fee": 94}
    assert max(len(each.lines) for each in sales) == 674


@pytest.mark.parametrize(
    ("values", "percent", "expected"),
    [([], 50, 0.0), ([3.0], 99, 3.0), ([4.0, 1.0, 3.0, 2.0], 50, 2.0), ([1.0, 2.0, 3.0], 99, 3.0)],
)
def test_percentiles(values: list[float], percent: float, expected: float) -> None:
    assert percentile(values, percent) == expected


def test_books_elsewhere_are_not_judged() -> None:
    assert reconcile("https://shop.example.com", "tp_key") is None


# A running server


def database_url() -> str:
    of = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{of['NAME']}"
    password = f":{of['PASSWORD']}" if of["PASSWORD"] else ""
    return f"postgres://{of['USER']}{password}@{of['HOST']}:{of['PORT']}/{of['NAME']}"


@pytest.fixture
def url(transactional_db: None) -> Iterator[str]:
    """The URL of a server on the test's database."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    environment = os.environ | {"DATABASE_URL": database_url()}
    command = [sys.executable, "manage.py", "serve", "--skip-checks", "--port", str(port)]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL) as server:
        try:
            end = time.monotonic() + DEADLINE
            while True:
                try:
                    urllib.request.urlopen(f"{address}/livez", timeout=DEADLINE).close()  # noqa: S310
                    break
                except OSError:
                    assert time.monotonic() < end
                    time.sleep(0.05)
            yield address
        finally:
            server.terminate()


def replay(url: str, key: str, *files: Path) -> tuple[int, Any, str]:
    """The exit status, the object on the last line, and standard error."""
    command = [sys.executable, "-m", "benchmarks.replay", *map(str, files)]
    environment = os.environ | {"DATABASE_URL": database_url()}
    done = subprocess.run(
        [*command, "--url", url, "--key", key, "--connections", "3"],
        cwd=ROOT,
        env=environment,
        check=False,
        capture_output=True,
        text=True,
    )
    lines = done.stdout.splitlines()
    result = json.loads(lines[-1]) if lines else {}
    for name in ("orders_per_second", "lines_per_second", "p50_ms", "p99_ms"):
        assert result.pop(name, 0.0) >= 0.0
    return done.returncode, result, done.stderr


def shop() -> Any:
    """Orders by reference, stock by SKU, and the number of movements."""
    orders = Order.objects.order_by("reference").values_list("reference", "total")
    stock = dict(Product.objects.values_list("sku", "stock_quantity"))
    return [(ref, str(total)) for ref, total in orders], stock, StockMovement.objects.count()


def test_a_replay_places_every_invoice_once(url: str, invoices: Path) -> None:
    key = issue_key(client_name="replay", scopes=SCOPES).secret
    expected = {
        "invoices": 2,
        "orders_placed": 2,
        "orders_replayed": 0,
        "orders_rejected": 0,
        "lines": 4,
        "units_sold": 25,
        "revenue": "77.14",
        "charges": "15.00",
        "invoice_totals": "92.14",
        "units_returned": 6,
        "skipped_rows": SKIPPED,
        "reconciled": True,
    }
    assert replay(url, key, invoices) == (0, expected, "")
    after = shop()
    assert after == (
        [("536365", "58.24"), ("536370", "33.90")],
        {"85123A": 999_991, "71053": 999_987, "22960": 1_000_003},
        8,
    )
    again = expected | {"orders_placed": 0, "orders_replayed": 2}
    assert replay(url, key, invoices) == (0, again, "")
    assert shop() == after


def test_what_the_server_refuses_is_told(url: str, invoices: Path) -> None:
    key = issue_key(client_name="replay", scopes=SCOPES).secret
    Product.objects.create(sku="71053", name="Lantern", price="3.39")
    status, result, told = replay(url, key, invoices)
    assert (status, result["orders_placed"], result["orders_rejected"]) == (1, 0, 2)
    assert (result["revenue"], result["invoice_totals"]) == ("0.00", "0.00")
    assert result["units_returned"] == 6
    assert sorted(line[:11] for line in told.splitlines()) == ["536365: 409", "536370: 409"]


def test_a_key_that_may_not_is_refused(url: str, invoices: Path) -> None:
    status, _, told = replay(url, "tp_wrong", invoices)
    assert status == 2
    assert told.startswith("GET products/export/ got 401: ")
    status, _, told = replay("http://127.0.0.1:1", "tp_wrong", invoices)
    assert status == 2
    assert told.startswith("GET products/export/ failed 10 times: ")
