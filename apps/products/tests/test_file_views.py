"""Products as files over the API."""

import csv
import io
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.handlers.wsgi import WSGIRequest
from django.db import OperationalError

from apps.products.importing import report
from apps.products.models import Product, StockMovement
from apps.products.operations import create_product
from apps.products.tests.hostile_files import HOSTILE, Hostile
from conftest import Answer, Api
from monoservices.files.formulas import original

HEADER = "sku,name,price,stock_quantity\n"
USABLE = {name: each for name, each in HOSTILE.items() if not each.unusable}
UNUSABLE = {name: each for name, each in HOSTILE.items() if each.unusable and each.content}


def upload(api: Api, content: str | bytes, query: str = "", **headers: Any) -> Answer:
    body = content.encode() if isinstance(content, str) else content
    headers = {"content_type": "text/csv"} | headers
    return api.send("POST", f"products/import/{query}", body=body, **headers)


def skus() -> list[str]:
    return list(Product.objects.order_by("sku").values_list("sku", flat=True))


def test_an_import_reports_every_row(api: Api) -> None:
    create_product(sku="A-1", name="Mug", price="1", stock_quantity=3)
    create_product(sku="A-2", name="Mug", price="1")
    answer = upload(api, HEADER + "A-1,Mug,1,5\nA-2,Mug,1.00,\nA-3,Mug,1,2\nA-4,Mug,x,1\n")
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Content-Length"] == str(len(answer.content))
    assert answer.json == {
        "dry_run": False,
        "created": 1,
        "updated": 1,
        "unchanged": 1,
        "refused": 1,
        "rows_omitted": 0,
        "rows": [
            {"line": 2, "sku": "A-1", "result": "updated"},
            {"line": 3, "sku": "A-2", "result": "unchanged"},
            {"line": 4, "sku": "A-3", "result": "created"},
            {
                "line": 5,
                "sku": "A-4",
                "result": "refused",
                "reason": 'price: Expected an amount as text, such as "9.99", at most 99999999.99.',
            },
        ],
    }
    assert skus() == ["A-1", "A-2", "A-3"]
    assert StockMovement.objects.latest("pk").actor.startswith("client:")


@pytest.mark.parametrize(
    "content", [f"{HEADER}A-1,Mug,1,5\n", '{"sku":"A-1","name":"Mug","price":1}']
)
def test_a_client_need_not_know_the_type_of_its_file(api: Api, content: str) -> None:
    answer = upload(api, content, content_type="application/octet-stream")
    assert (answer.status, answer.json["created"], skus()) == (200, 1, ["A-1"])


def test_a_report_is_no_longer_than_it_may_be(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "MOST_BYTES", 50)
    told = upload(api, HEADER + "".join(f"A-{number},Mug,1,1\n" for number in range(5))).json
    assert [row["sku"] for row in told["rows"]] == ["A-0", "A-1"]
    assert (told["created"], told["rows_omitted"], len(skus())) == (5, 3, 5)


@pytest.mark.parametrize("value", ["1", "true"])
def test_a_dry_run_writes_nothing(api: Api, value: str) -> None:
    report = upload(api, HEADER + "A-1,Mug,1,5\n", f"?dry_run={value}").json
    assert (report["dry_run"], report["created"], len(report["rows"])) == (True, 1, 1)
    assert skus() == []


def test_json_lines_are_imported(api: Api) -> None:
    content = json.dumps({"sku": "A-1", "name": "Mug", "price": "1"})
    report = upload(api, content, content_type="application/jsonl").json
    assert report["rows"] == [{"line": 1, "sku": "A-1", "result": "created"}]


def test_a_file_without_rows_is_an_import_of_nothing(api: Api) -> None:
    assert upload(api, HEADER).json["rows"] == []


def test_stock_that_is_there_takes_a_scope_of_its_own(make_api: Callable[..., Api]) -> None:
    create_product(sku="A-1", name="Mug", price="1", stock_quantity=3)
    content = HEADER + "A-1,Mug,2,3\nA-1,Mug,3,4\nA-2,Mug,1,5\n"
    report = upload(make_api("products:write"), content).json
    assert [row["result"] for row in report["rows"]] == ["updated", "refused", "created"]
    reason = "stock_quantity: This needs the scope stock:write; there are 3."
    assert report["rows"][1]["reason"] == reason
    assert list(Product.objects.order_by("sku").values_list("stock_quantity", flat=True)) == [3, 5]
    both = make_api("products:write", "stock:write")
    assert upload(both, content).json["updated"] == 1
    assert Product.objects.get(sku="A-1").stock_quantity == 4


@pytest.mark.parametrize("hostile", USABLE.values(), ids=USABLE)
def test_hostile_rows_are_reported(api: Api, hostile: Hostile) -> None:
    report = upload(api, hostile.content).json
    told = [(row["line"], row["result"], row.get("reason", "")) for row in report["rows"]]
    assert told == hostile.outcomes


@pytest.mark.parametrize("hostile", UNUSABLE.values(), ids=UNUSABLE)
def test_a_file_of_no_use_is_refused(api: Api, hostile: Hostile) -> None:
    answer = upload(api, hostile.content)
    assert answer.error == (400, "invalid", {})
    assert answer.json["detail"] == hostile.unusable


def test_a_body_that_ends_early_is_refused_with_its_last_row(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The test client sends what it says; a client that goes away does not.
    lines = [f"A-{number:04},Mug,19.99,1\n" for number in range(600)]
    body = (HEADER + "".join(lines)).encode()
    read = WSGIRequest.read
    given = bytearray(body[:-5])

    def broken_off(self: WSGIRequest, *args: Any) -> bytes:
        size = len(read(self, *args))
        piece = bytes(given[:size])
        del given[:size]
        return piece

    monkeypatch.setattr(WSGIRequest, "read", broken_off)
    answer = upload(api, body)
    assert answer.error == (400, "malformed", {})
    assert answer.json["detail"] == "The request body ended early."
    assert len(skus()) == 500  # as many as had been committed; sent again, the rest is added
    monkeypatch.undo()
    report = upload(api, body).json
    assert (report["created"], report["unchanged"]) == (100, 500)


def test_a_database_that_fails_is_answered_503(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise OperationalError("lock timeout")

    monkeypatch.setattr("apps.products.importing.importer._write", fail)
    answer = upload(api, HEADER + "A-1,Mug,1,1\n")
    assert answer.error == (503, "unavailable", {})
    assert answer.headers["Retry-After"] == "1"
    assert answer.json["detail"].endswith("Rows imported so far stay; send the file again.")


def test_a_full_disk_is_answered_503(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    files: list[Any] = []

    def full(**_: Any) -> Any:
        files.append(Path("/dev/full").open("w+b", buffering=0))  # noqa: SIM115 - its closing is tested
        return files[-1]

    monkeypatch.setattr(report, "SPOOL_BYTES", 1_000)
    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    answer = upload(api, HEADER + "A-1,Mug,1,1\n" + "A-2,Mug,x,1\n" * 100)
    assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
    assert answer.json["detail"].startswith("The server's disk is full. Rows imported so far stay")
    assert [each.closed for each in files] == [True]
    assert set(skus()) <= {"A-1"}


def test_a_report_that_is_not_sent_leaves_no_file(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    files: list[Any] = []

    def remember(size: int) -> Any:
        files.append(tempfile.SpooledTemporaryFile(size))  # noqa: SIM115
        return files[-1]

    monkeypatch.setattr(report, "SpooledTemporaryFile", remember)
    report.report_import([], dry_run=True).close()
    assert [each.closed for each in files] == [True]


def test_a_long_report_waits_in_a_file(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    rolled: list[int] = []
    rollover = tempfile.SpooledTemporaryFile.rollover

    def noted(self: Any) -> None:
        rolled.append(self.tell())
        rollover(self)

    monkeypatch.setattr(tempfile.SpooledTemporaryFile, "rollover", noted)
    report = upload(api, HEADER + "A-1,Mug,x,1\n" * 10_000).json
    assert [row["line"] for row in report["rows"]] == [*range(2, 10_002)]
    assert len(rolled) == 1


# Exports


@pytest.fixture
def products(db: None) -> list[Product]:
    return [
        create_product(sku="=A", name="Blue, Mug", price="9.99", stock_quantity=3),
        create_product(sku="B", name="+Pot", price="1", description="a\r\nb", is_active=False),
    ]


def cell_of(value: Any) -> str:
    """A number, a truth value or null as a cell of CSV."""
    return "" if value is None else json.dumps(value)


def test_products_are_exported_as_csv(api: Api, products: list[Product]) -> None:
    answer = api.get("products/export/")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="products.csv"'
    lines = answer.content.decode().split("\r\n")
    assert lines[1].startswith(f'{products[0].pk},\'=A,"Blue, Mug",,9.99,EUR,3,0,3,true,')
    assert lines[2].startswith(f"{products[1].pk},B,'+Pot,\"a")
    assert lines[3].startswith('b",1.00,EUR,0,0,0,false,')
    header, *rows = csv.reader(io.StringIO(answer.content.decode(), newline=""))
    found = [dict(zip(header, row, strict=True)) for row in rows]
    for product, row in zip(products, found, strict=True):
        of_api = api.get(f"products/{product.pk}/").json
        assert list(row) == list(of_api)
        assert {name: original(cell) for name, cell in row.items()} == {
            name: value if isinstance(value, str) else cell_of(value)
            for name, value in of_api.items()
        }


def test_products_are_exported_as_json_lines(api: Api, products: list[Product]) -> None:
    answer = api.get("products/export/", accept="application/jsonl")
    assert answer.headers["Content-Type"] == "application/jsonl; charset=utf-8"
    lines = [json.loads(line) for line in answer.content.splitlines()]
    assert lines == [api.get(f"products/{each.pk}/").json for each in products]


@pytest.mark.parametrize("accept", ["text/csv", "application/jsonl"])
def test_what_was_exported_is_imported_without_a_change(
    api: Api, products: list[Product], accept: str
) -> None:
    exported = api.get("products/export/", accept=accept).content
    before = list(Product.objects.values())
    report = upload(api, exported, content_type=accept).json
    assert [row["result"] for row in report["rows"]] == ["unchanged"] * 2
    assert list(Product.objects.values()) == before


@pytest.mark.parametrize(
    ("query", "found"),
    [("sku=B", ["B"]), ("search=MUG", ["=A"]), ("is_active=true", ["=A"]), ("price_min=10", [])],
)
def test_an_export_takes_the_filters_of_the_list(
    api: Api, products: list[Product], query: str, found: list[str]
) -> None:
    content = api.get(f"products/export/?{query}", accept="application/jsonl").content
    assert [json.loads(line)["sku"] for line in content.splitlines()] == found
    assert [row["sku"] for row in api.get(f"products/?{query}").json["results"]] == found


def test_a_problem_of_an_export_is_a_problem_document(api: Api) -> None:
    answer = api.get("products/export/?price_min=x", accept="text/csv")
    assert answer.error == (
        400,
        "invalid",
        {"price_min": ['Expected an amount as text, such as "9.99", at most 99999999.99.']},
    )
