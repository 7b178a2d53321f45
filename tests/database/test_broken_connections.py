"""Connections that cannot be used any more are replaced, on both lanes; no request gets 500."""

from collections.abc import Callable, Iterator

import psycopg
import pytest
from django.db import connection
from django.test import Client

from apps.accounts.models import ApiKey
from apps.orders.models import Order
from apps.orders.tests.product_rows import in_stock, make_product
from monoservices.server.kinds import MOST_AT_ONCE
from tests.books import assert_books_balance
from tests.database.requests import Shop, open_shop, problem

on_postgresql = pytest.mark.skipif(
    connection.vendor != "postgresql", reason="SQLite has no sessions"
)
pytestmark = pytest.mark.django_db(transaction=True)

LANES = pytest.mark.parametrize("express", [True, False], ids=["express", "django"])
UNAVAILABLE = (503, "unavailable")


@pytest.fixture
def shop(transactional_db: None) -> Iterator[Shop]:
    with open_shop() as shop:
        yield shop
    assert_books_balance()


@pytest.fixture
def administrator() -> Iterator[psycopg.Connection]:
    """A session of its own, in which the database can be changed."""
    parameters = {**connection.get_connection_params(), "options": ""}
    with psycopg.connect(**parameters, autocommit=True) as session:
        session.execute("SET default_transaction_read_only = off")
        yield session


def make_read_only(administrator: psycopg.Connection, setting: str) -> None:
    """Let sessions that begin from now on be read-only or not, and end those that there are."""
    name = connection.settings_dict["NAME"]
    administrator.execute(f"ALTER DATABASE {name} {setting}".encode())
    if setting.startswith("SET"):
        administrator.execute(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
            " WHERE datname = %s AND pid <> pg_backend_pid()",
            [name],
        )


@on_postgresql
@LANES
def test_sessions_of_a_read_only_time_do_not_outlive_it(
    shop: Shop, administrator: psycopg.Connection, express: bool
) -> None:
    mug = make_product(stock=10)
    order = {"product_id": mug.id, "quantity": 1}
    assert shop.send("POST", "orders/", order, express=express).status == 201
    shop.new_key()  # whose use is to be noted
    make_read_only(administrator, "SET default_transaction_read_only = on")
    try:
        sent = [("POST", "orders/", order, f"key {number}") for number in range(8)]
        refused = shop.send_all(*sent, express=express)
        assert [problem(each) for each in refused] == [UNAVAILABLE] * 8
        assert all(b"Nothing was done" in each.body for each in refused)
        read = shop.send_all(*[("GET", f"products/{mug.id}/", None, "")] * 8)
        assert [reply.status for reply in read] == [200] * 8
    finally:
        make_read_only(administrator, "RESET default_transaction_read_only")
    assert [reply.status for reply in shop.send_all(*sent, express=express)] == [201] * 8
    connection.close()
    assert (Order.objects.count(), in_stock(mug)) == (9, 1)


@on_postgresql
def test_plans_for_a_table_that_was_altered(shop: Shop, administrator: psycopg.Connection) -> None:
    mug = make_product(stock=20)
    order = {"product_id": mug.id, "quantity": 1}
    express = [("POST", "orders/", order, "")] * 2
    read = [("GET", "products/?in_stock=true", None, "")] * 8
    hot = [("GET", f"products/{mug.id}/", None, ""), ("GET", "products/", None, "")] * 2
    for _ in range(3):  # until every thread has prepared its statements
        assert [reply.status for reply in shop.send_all(*express)] == [201] * 2
        assert [reply.status for reply in shop.send_all(*read)] == [200] * 8
        assert [reply.status for reply in shop.send_all(*hot)] == [200] * 4
    alter = "ALTER TABLE products_product ALTER COLUMN name TYPE varchar({})"
    administrator.execute(alter.format(300).encode())
    try:
        assert [reply.status for reply in shop.send_all(*express)] == [201] * 2
        assert [reply.status for reply in shop.send_all(*hot)] == [200] * 4
        replies = [reply for _ in range(8) for reply in shop.send_all(*read)]
        assert {reply.status for reply in replies[-8:]} == {200}
        late = [problem(reply) for reply in replies if reply.status != 200]
        assert late == [UNAVAILABLE] * len(late)
        assert 1 <= len(late) <= MOST_AT_ONCE  # once for each thread
    finally:
        administrator.execute(alter.format(255).encode())
    connection.close()
    assert (Order.objects.count(), in_stock(mug)) == (8, 12)


TRIGGERS = {
    "postgresql": [
        (
            "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN RAISE EXCEPTION 'out of order' USING ERRCODE = 'XX000'; END $$"
        ),
        (
            "CREATE TRIGGER fail BEFORE UPDATE ON accounts_apikey"
            " FOR EACH STATEMENT EXECUTE FUNCTION fail()"
        ),
    ],
    "sqlite": [
        (
            "CREATE TRIGGER fail BEFORE UPDATE ON accounts_apikey"
            " BEGIN SELECT RAISE(ABORT, 'out of order'); END"
        )
    ],
}
DROP = {"postgresql": ["DROP FUNCTION fail CASCADE"], "sqlite": ["DROP TRIGGER fail"]}


@pytest.fixture
def _unnotable_keys(transactional_db: None) -> Iterator[None]:
    """Let every update of an API key fail."""

    def execute(statements: list[str]) -> None:
        with connection.cursor() as cursor:
            for each in statements:
                cursor.execute(each)

    execute(TRIGGERS[connection.vendor])
    yield
    execute(DROP[connection.vendor])


@LANES
@pytest.mark.usefixtures("_unnotable_keys")
def test_no_request_fails_because_the_use_of_its_key_cannot_be_noted(
    shop: Shop, express: bool
) -> None:
    mug = make_product(stock=10)
    order = {"product_id": mug.id, "quantity": 1}
    replies = shop.send_all(*[("POST", "orders/", order, "")] * 4, express=express)
    replies.append(shop.send("GET", f"products/{mug.id}/"))
    assert [reply.status for reply in replies] == [201] * 4 + [200]
    assert not ApiKey.objects.exclude(last_used_at=None).exists()


def test_staff_are_told_that_the_database_is_away(
    staff: Callable[..., Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = staff("view_order")
    browser.raise_request_exception = False
    assert browser.get("/console/orders/order/").status_code == 200
    connection.close()
    with monkeypatch.context() as patch:
        patch.setitem(connection.settings_dict, "NAME", "/no/such/directory/database")
        patch.setitem(connection.settings_dict, "PORT", "1")
        away = browser.get("/console/orders/order/")
    assert (away.status_code, away.headers["Retry-After"]) == (503, "1")
    assert "Nothing was done; try again." in away.content.decode()
    assert browser.get("/console/orders/order/").status_code == 200
