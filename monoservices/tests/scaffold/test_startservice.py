"""What `manage.py startservice` refuses, and that it then leaves nothing behind."""

from io import StringIO
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command, templates

from monoservices.scaffold.dependencies import dependencies
from monoservices.tests.boundaries.checks.conftest import Project, service

MODELS = """
import uuid

from django.db import models


class Sketch(models.Model):
    class Meta:
        abstract = True


class {name}(Sketch):
    {key} = {field}
    rows = models.Manager()
"""


def _models(name: str, field: str, key: str = "id") -> str:
    return MODELS.format(name=name, field=field, key=key)


@pytest.fixture(autouse=True)
def _services(project: Project) -> None:
    files = {
        "stock/apps.py": service("stock"),
        "stock/models.py": _models("Item", "models.BigAutoField(primary_key=True)"),
        "sales/apps.py": service("sales"),
        "sales/models.py": _models("Item", "models.UUIDField(primary_key=True)"),
        "coins/apps.py": service("coins"),
        "coins/models.py": _models(
            "Coin", "models.CharField(max_length=3, primary_key=True)", "iso"
        ),
        "rates/apps.py": service("rates"),
        "rates/models.py": _models("Rate", "models.DateField(primary_key=True)"),
        "mail/apps.py": service("mail"),
    }
    project(files, "E001")


def start(*arguments: str) -> str:
    said = StringIO()
    call_command("startservice", *arguments, stdout=said)
    return said.getvalue()


def everything(directory: Path) -> set[str]:
    return {str(path.relative_to(directory)) for path in directory.rglob("*")}


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["pay-ments"], "cannot be a service's name"),
        (["invoices", "--model", "item"], "cannot be a model's name"),
        (["items"], "stock has a model Item already: choose another for items with --model."),
        (["stock"], "There is an app 'stock' already."),
        (["invoices", "--depends-on", "stokc"], "There is no service 'stokc'. There are: stock, "),
        (["invoices", "--depends-on", "mail"], "mail has no model whose rows could be looked up."),
        (["invoices", "--depends-on", "rates"], "The ids of rates are neither whole numbers nor"),
        (["invoices", "--directory", "nowhere"], "There is no directory 'nowhere'."),
        (["invoices", "--directory", "../x"], "'../x' is no package below the current directory"),
    ],
)
def test_what_it_refuses(tmp_path: Path, arguments: list[str], why: str) -> None:
    before = everything(tmp_path)
    with pytest.raises(CommandError) as refused:
        start(*arguments)
    assert why in str(refused.value)
    assert everything(tmp_path) == before


def test_a_directory_that_is_there_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "invoices").mkdir()
    (tmp_path / "invoices" / "notes.txt").write_text("mine")
    before = everything(tmp_path)
    with pytest.raises(CommandError, match=r"invoices.* already"):
        start("invoices")
    assert everything(tmp_path) == before


def test_nothing_is_left_of_what_fails_on_the_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[str] = []

    def full(path: str, *args: Any, **kwargs: Any) -> Any:
        if len(written) == 5:  # templates that were read and files that were written
            raise OSError(28, "No space left on device")
        written.append(path)
        return open(path, *args, **kwargs)  # noqa: PTH123 - stands for it

    before = everything(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(templates, "open", full, raising=False)
        with pytest.raises(CommandError, match="No space left on device"):
            start("invoices")
    assert any(Path(path).suffix == ".py" for path in written)
    assert everything(tmp_path) == before


def test_where_it_goes(tmp_path: Path) -> None:
    start("invoices")
    assert (tmp_path / "invoices" / "apps.py").is_file()
    (tmp_path / "apps").mkdir()
    (tmp_path / "apps" / "__init__.py").touch()
    start("refunds")
    assert 'name = "apps.refunds"' in (tmp_path / "apps" / "refunds" / "apps.py").read_text()
    (tmp_path / "shop" / "inner").mkdir(parents=True)
    (tmp_path / "shop" / "__init__.py").touch()
    (tmp_path / "shop" / "inner" / "__init__.py").touch()
    said = start("vouchers", "--directory", "shop/inner")
    assert said.startswith("shop/inner/vouchers/ is there.")
    assert '    "shop.inner.vouchers",\n' in said


def test_what_it_asks_of_others() -> None:
    stock, sales, coins = dependencies(["stock", "sales", "coins", "stock"])
    assert (stock.imported, stock.function) == ("Item as StockItem", "existing_stock_item_ids")
    assert (sales.imported, sales.key_type) == ("Item as SalesItem", UUID.__name__)
    assert (coins.imported, coins.function, coins.manager) == ("Coin", "existing_coin_ids", "rows")
    assert (coins.model_label, coins.key, coins.key_type) == ("coins.Coin", "iso", "str")
