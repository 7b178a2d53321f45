"""Which tables of services a statement names."""

import pytest
from psycopg.sql import SQL, Identifier

from monoservices.boundaries.guard.statements import Statement, Tables

PRODUCT, ORDER, LINE = "products_product", "orders_order", "orders_orderline"


@pytest.fixture(scope="module")
def tables() -> Tables:
    return Tables()


@pytest.mark.parametrize(
    ("sql", "names"),
    [
        ("SELECT 1", ()),
        ("", ()),
        ("SELECT * FROM products_product", (PRODUCT,)),
        ('SELECT "products_product"."id" FROM "products_product"', (PRODUCT,)),
        ("SELECT * FROM public.PRODUCTS_product p", (PRODUCT,)),
        ("SELECT * FROM orders_order o, orders_orderline l", (ORDER, LINE)),
        ("SELECT * FROM orders_order/* */JOIN(products_product)", (ORDER, PRODUCT)),
        ("SELECT * FROM `orders_order`, [orders_orderline]", (ORDER, LINE)),
        ("SELECT * FROM my_products_product, products_product_2, products_product$", ()),
        ("SELECT * FROM auth_group JOIN django_session", ()),
        ("SELECT 'products_product', 'it''s products_product'", ()),
        ("SELECT 1 -- products_product\nFROM orders_order", (ORDER,)),
        ("SELECT 1 /* products_product\n */ FROM orders_order", (ORDER,)),
        ('SELECT "a -- b", "it\'s" FROM orders_order WHERE x = \'"\'', (ORDER,)),
        (b"SELECT * FROM products_product", (PRODUCT,)),
        (SQL("SELECT * FROM {}").format(Identifier(PRODUCT)), (PRODUCT,)),
        ("SELECT pg_get_serial_sequence(%s, %s)", ()),
        ("DO $$ BEGIN DELETE FROM products_product; END $$", (PRODUCT,)),
    ],
)
def test_tables(tables: Tables, sql: object, names: tuple[str, ...]) -> None:
    assert tables.statement(sql).tables == names


def test_references(tables: Tables) -> None:
    sql = """ALTER TABLE "orders_orderline" ADD CONSTRAINT "c" FOREIGN KEY ("product_id")
        REFERENCES "products_product" ("id")"""
    assert tables.statement(sql) == Statement((LINE,), (PRODUCT,), is_read=False)


@pytest.mark.parametrize(
    ("sql", "is_read"),
    [
        ("SELECT * FROM products_product", True),
        ("\n  (select 1 FROM products_product) UNION (SELECT 2)", True),
        ("/* hint */ SELECT 1", True),
        ("SELECT * FROM products_product p FOR NO KEY UPDATE OF p SKIP LOCKED", True),
        ("SELECT 'DELETE FROM products_product'", True),
        ("WITH taken AS (SELECT 1) SELECT * FROM taken", True),
        ("EXPLAIN SELECT 1", True),
        ("WITH gone AS (DELETE FROM products_product RETURNING id) SELECT * FROM gone", False),
        ("WITH a AS (UPDATE products_product AS p SET x = 1 RETURNING 1) SELECT 1", False),
        ('WITH a AS (update only "products_product" set x = 1 RETURNING 1) SELECT 1', False),
        ("EXPLAIN ANALYZE INSERT INTO products_product VALUES (1)", False),
        ("INSERT INTO orders_order SELECT * FROM products_product", False),
        ("UPDATE products_product SET x = 1", False),
        ("TRUNCATE products_product", False),
        ("LOCK TABLE products_product", False),
        ("CREATE TRIGGER t AFTER INSERT ON products_product", False),
        ("COPY products_product TO STDOUT", False),
    ],
)
def test_reading(tables: Tables, sql: str, is_read: bool) -> None:
    assert tables.statement(sql).is_read is is_read


@pytest.mark.parametrize(
    ("sql", "names"),
    [
        ("SELECT * FROM django_admin_log JOIN accounts_user", ()),
        ("SELECT * FROM django_admin_log, accounts_user, accounts_client", ("accounts_client",)),
        ("DELETE FROM django_admin_log JOIN accounts_user", ("accounts_user",)),
        ("SELECT * FROM accounts_user", ("accounts_user",)),
    ],
)
def test_what_a_framework_brings_along(tables: Tables, sql: str, names: tuple[str, ...]) -> None:
    """The log of the admin has a relation to users."""
    assert tables.statement(sql).tables == names
