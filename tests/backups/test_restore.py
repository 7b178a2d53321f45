"""`manage.py restore` gives an empty database everything that a backup has, or nothing."""

import re
import sqlite3
from contextlib import closing
from io import StringIO
from pathlib import Path

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from apps.orders.models import Order
from apps.products.models import Product, StockMovement
from apps.products.operations import create_product
from conftest import Api
from monoservices.database.copying import sqlite as copying
from tests.backups.conftest import back_up, contents, default_database, restore

GUIDE = Path(__file__).resolve().parents[2] / "docs/how-to/back-up-and-restore.md"

only_sqlite = pytest.mark.skipif("connection.vendor != 'sqlite'")
only_postgresql = pytest.mark.skipif("connection.vendor != 'postgresql'")


def is_empty(url: str) -> bool:
    with default_database(url):
        return connection.introspection.table_names() == []


def order(api: Api, product: Product, key: str) -> tuple[int, bytes]:
    answer = api.post("orders/", {"product_id": product.pk, "quantity": 2}, idempotency_key=key)
    assert answer.status == 201
    return answer.json["id"], answer.content


@pytest.fixture
def product() -> Product:
    return create_product(name="Blue Mug", price="9.99", stock_quantity=10)


@pytest.fixture
def backup(product: Product, tmp_path: Path) -> Path:
    """A backup of a shop with one product."""
    return back_up(tmp_path)


def test_a_restored_shop_goes_on(
    api: Api, product: Product, tmp_path: Path, empty_database: str
) -> None:
    before, first_answer = order(api, product, "before")
    backed_up = contents()
    file = back_up(tmp_path)
    order(api, product, "after")
    with default_database(empty_database):
        assert (
            restore(file) == f"Restored {file}. Now run: manage.py migrate, manage.py reconcile\n"
        )
        assert contents() == backed_up
        assert order(api, product, "new")[0] == before + 1
        again = api.post(
            "orders/", {"product_id": product.pk, "quantity": 2}, idempotency_key="before"
        )
        assert (again.status, again.content) == (201, first_answer)
        assert again.headers["Idempotent-Replayed"] == "true"
        assert Order.objects.count() == 2
        assert Product.objects.get().stock_quantity == 6
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            StockMovement.objects.update(delta=1)
        call_command("migrate", check_unapplied=True, verbosity=0)
        said = StringIO()
        call_command("reconcile", stdout=said)
        assert said.getvalue() == "The books are right.\n"


def test_only_an_empty_database_is_restored_into(backup: Path) -> None:
    before = contents()
    with pytest.raises(CommandError, match="is not empty: it has the table accounts_apikey"):
        restore(backup)
    assert contents() == before


def test_a_table_of_anybody_is_enough_to_refuse(backup: Path, empty_database: str) -> None:
    with default_database(empty_database):
        with connection.cursor() as cursor:
            cursor.execute("CREATE TABLE somebody (id integer)")
        with pytest.raises(CommandError, match="it has the table somebody"):
            restore(backup)
        assert connection.introspection.table_names() == ["somebody"]


@pytest.mark.parametrize("left", [0.001, 0.5, 0.9, -1])
def test_a_truncated_file_is_refused(backup: Path, empty_database: str, left: float) -> None:
    whole = backup.read_bytes()
    backup.write_bytes(whole[: int(left * len(whole)) if left > 0 else int(left)])
    with default_database(empty_database), pytest.raises(CommandError, match="restore failed"):
        restore(backup)
    assert is_empty(empty_database)


def test_the_guide_skips_the_ids_of_lost_orders(api: Api, product: Product) -> None:
    before, _ = order(api, product, "before")
    for_postgresql, for_sqlite = re.findall(
        r"^```sql\n(.*?)^```$", GUIDE.read_text(), re.MULTILINE | re.DOTALL
    )
    with connection.cursor() as cursor:
        cursor.execute(for_sqlite if connection.vendor == "sqlite" else for_postgresql)
    assert order(api, product, "after")[0] == before + 100_001


@only_sqlite
def test_a_damaged_page_is_found(backup: Path, empty_database: str) -> None:
    whole = bytearray(backup.read_bytes())
    whole[10 * 4096 : 11 * 4096] = bytes(4096)
    backup.write_bytes(whole)
    with default_database(empty_database), pytest.raises(CommandError, match="is damaged"):
        restore(backup)
    assert is_empty(empty_database)


def test_a_file_of_the_other_kind_is_refused(tmp_path: Path, empty_database: str) -> None:
    other = {b"PGDMP": "PostgreSQL", b"SQLite format 3\0": "SQLite"}
    for begin, kind in other.items():
        file = tmp_path / kind
        file.write_bytes(begin + bytes(1000))
        reason = (
            "failed"
            if kind == connection.display_name
            else (f"is a backup of {kind}, and DATABASE_URL names {connection.display_name}")
        )
        with default_database(empty_database), pytest.raises(CommandError, match=reason):
            restore(file)
    assert is_empty(empty_database)


def test_what_is_no_backup_is_refused(tmp_path: Path, empty_database: str) -> None:
    file = tmp_path / "orders.csv"
    file.write_text("id,status\n")
    with default_database(empty_database):
        with pytest.raises(CommandError, match=r"orders\.csv is not a backup"):
            restore(file)
        with pytest.raises(CommandError, match="No such file"):
            restore(tmp_path / "missing")
    assert is_empty(empty_database)


@only_sqlite
def test_a_database_that_somebody_has_open_is_not_replaced(
    backup: Path, empty_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copying, "_WAIT_SECONDS", 0.1)
    file = empty_database.removeprefix("sqlite:///")
    with default_database(empty_database):
        with closing(sqlite3.connect(file)) as server:
            server.execute("PRAGMA journal_mode=WAL").fetchall()
            server.execute("SELECT * FROM sqlite_master").fetchall()
            with pytest.raises(CommandError, match="database is locked"):
                restore(backup)
            assert server.execute("SELECT * FROM sqlite_master").fetchall() == []
        restore(backup)
        assert Product.objects.count() == 1


@only_sqlite
def test_a_restore_that_is_interrupted_changes_nothing(
    backup: Path, empty_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(_: int, remaining: int, total: int) -> None:
        if remaining < total / 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(copying, "_PAGES", 1)
    monkeypatch.setattr(copying, "_handle_signals", interrupt)
    with default_database(empty_database), pytest.raises(KeyboardInterrupt):
        restore(backup)
    assert is_empty(empty_database)


@only_postgresql
def test_a_user_without_privileges_restores(backup: Path, empty_database: str) -> None:
    """Also if a superuser has created the extension, as providers of databases do."""
    name = empty_database.rpartition("/")[2]
    with psycopg.connect(empty_database, autocommit=True) as session:
        if session.execute("SELECT current_setting('is_superuser')").fetchone() != ("on",):
            pytest.skip("needs a superuser")
        session.execute("CREATE EXTENSION pg_trgm")
        session.execute("CREATE ROLE plain LOGIN PASSWORD 'plain'")
        session.execute(f"ALTER DATABASE {name} OWNER TO plain".encode())
        try:
            _, at, address = empty_database.rpartition("@")
            with default_database(f"postgres://plain:plain{at}{address}"):
                restore(backup)
                assert Product.objects.get().name == "Blue Mug"
                Product.create_product("Red Mug", "", "9.99", 1)
        finally:
            session.execute(f"ALTER DATABASE {name} OWNER TO CURRENT_USER".encode())
            session.execute("REASSIGN OWNED BY plain TO CURRENT_USER")
            session.execute("DROP ROLE plain")
