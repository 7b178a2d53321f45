"""A large import needs little memory, and can be killed and repeated."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection

from apps.products.models import Product, StockMovement

ROOT = Path(__file__).resolve().parent.parent
DEADLINE = 60
MIB = 1024 * 1024
HEADER = "sku,name,price,description,stock_quantity\n"

pytestmark = pytest.mark.django_db(transaction=True)


def rows(count: int) -> Iterator[str]:
    for number in range(count):
        price = f"{number % 500}.{number % 100:02}"
        yield f"SKU-{number:06},Product {number},{price},Soft,{number % 9}\n"


def command(path: Path) -> "subprocess.Popen[str]":
    """Start `import_products` in a separate process on the test's database."""
    of = connection.settings_dict
    url = f"sqlite:///{of['NAME']}"
    if connection.vendor == "postgresql":
        password = f":{of['PASSWORD']}" if of["PASSWORD"] else ""
        url = f"postgres://{of['USER']}{password}@{of['HOST']}:{of['PORT']}/{of['NAME']}"
    return subprocess.Popen(
        [sys.executable, "manage.py", "import_products", str(path)],
        cwd=ROOT,
        env=os.environ | {"DATABASE_URL": url},
        stdout=subprocess.PIPE,
        text=True,
    )


def peak_memory(path: Path, told: str) -> int:
    """The command's peak memory in bytes. It must succeed and print `told`."""
    with command(path) as process:
        assert process.stdout is not None
        assert process.stdout.read() == told
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def test_a_hundred_thousand_products_fit_in_64_mib(tmp_path: Path) -> None:
    empty, large = tmp_path / "empty.csv", tmp_path / "large.csv"
    empty.write_text(HEADER)
    with large.open("w") as file:
        file.write(HEADER)
        file.writelines(rows(100_000))
    idle = peak_memory(empty, "0 created, 0 updated, 0 unchanged, 0 refused.\n")
    taken = peak_memory(large, "100000 created, 0 updated, 0 unchanged, 0 refused.\n")
    assert Product.objects.count() == 100_000
    assert taken - idle < 64 * MIB


def test_an_import_that_is_killed_is_resumed_by_running_it_again(tmp_path: Path) -> None:
    pipe, whole = tmp_path / "pipe", tmp_path / "whole.csv"
    os.mkfifo(pipe)
    with command(pipe) as process, pipe.open("w") as file:
        file.write(HEADER)
        file.writelines(rows(1_700))
        file.flush()
        end = time.monotonic() + DEADLINE
        while Product.objects.count() < 1_500:  # three chunks; the fourth waits for more rows
            assert time.monotonic() < end
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        process.wait(DEADLINE)
    assert Product.objects.count() == 1_500

    whole.write_text(HEADER + "".join(rows(2_600)))
    with command(whole) as process:
        out, _ = process.communicate(timeout=DEADLINE)
    assert out == "1100 created, 0 updated, 1500 unchanged, 0 refused.\n"
    products = Product.objects.order_by("sku").values_list("sku", "name", "price", "stock_quantity")
    assert [f"{sku},{name},{price},Soft,{stock}\n" for sku, name, price, stock in products] == [
        *rows(2_600)
    ]
    received = StockMovement.objects.order_by("product__sku").values_list(
        "product__sku", "delta", "quantity_after", "reason"
    )
    assert list(received) == [
        (f"SKU-{number:06}", number % 9, number % 9, "received")
        for number in range(2_600)
        if number % 9
    ]
