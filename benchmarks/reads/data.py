"""Fill a large shop for `benchmarks.reads` with SQL: many products, and as many orders."""

import random
from itertools import product

from psycopg import sql

from benchmarks.designs import manage
from benchmarks.postgres import Postgres
from benchmarks.tradepost import CONFIG, SCOPES

CLIENTS = 10
WORDS = [
    line.split()
    for line in """\
        Amber Azure Black Bright Brown Classic Coral Cream Dark Emerald Frosted Golden Grey Indigo \
        Ivory Jade Light Matte Modern Natural Olive Pearl Plain Purple Rustic Scarlet Silver Small \
        Tall White
        Acacia Aluminium Ash Bamboo Beech Birch Brass Bronze Ceramic Cherry Concrete Copper Cork \
        Cotton Glass Granite Hemp Iron Leather Linen Maple Marble Oak Pine Porcelain Rattan Steel \
        Teak Walnut Wool
        Armchair Basket Bench Blanket Bookcase Bowl Box Bucket Cabinet Candle Carpet Clock Cup \
        Cushion Desk Dresser Jar Jug Kettle Lamp Mirror Mug Plate Rack Shelf Stool Table Tray Vase \
        Wardrobe""".splitlines()
]
"""A product's name has one word of each list."""

PRODUCTS = """
    INSERT INTO products_product (
        sku, name, folded_name, description, price, stock_quantity, is_active,
        created_at, updated_at
    )
    SELECT 'P-' || n, name, lower(name), 'Made to last; number ' || n || ' of its series.',
        1 + n %% 9000 / 100.0, n %% 500, TRUE, moment, moment
    FROM generate_series(1, {rows}) AS n
    CROSS JOIN LATERAL (
        SELECT ({first})[1 + n %% 30] || ' ' || ({second})[1 + n / 30 %% 30] || ' '
            || ({third})[1 + n / 900 %% 30] || ' ' || n / 27000 AS name,
            timestamptz '2025-01-01' + n * interval '1 second' AS moment
    ) AS made
"""
ORDERS = """
    INSERT INTO orders_order (
        client_id, status, currency, total, reference, customer_email, shipping_address, metadata,
        idempotency_key, fingerprint, first_answer, version, created_at, updated_at
    )
    SELECT clients.ids[1 + n %% {clients}], 'pending', 'EUR', 49.97, 'R-' || n,
        'customer' || n || '@example.com', '{{"street": "Long Road 1", "city": "Sometown"}}',
        '{{}}',
        'key-' || n, md5(n::text) || md5(n::text), '{{}}', 1, moment, moment
    FROM generate_series(1, {rows}) AS n
    CROSS JOIN (SELECT array_agg(id ORDER BY id) AS ids FROM (
        SELECT id FROM accounts_client ORDER BY id DESC LIMIT {clients}
    ) AS newest) AS clients
    CROSS JOIN LATERAL (
        SELECT timestamptz '2025-06-01' + n * interval '1 second' AS moment
    ) AS made
"""
LINES = """
    INSERT INTO orders_orderline
        (order_id, product_id, sku, product_name, unit_price, quantity)
    SELECT o.id, p.id, p.sku, p.name, p.price, 1 + line
    FROM orders_order AS o
    CROSS JOIN generate_series(0, 1) AS line
    JOIN products_product AS p ON p.id = 1 + (o.id + line * 7919) %% {rows}
"""
SEARCH_INDEX = "product_by_folded_name"
RIVAL_INDEX = (
    "CREATE INDEX rival_product_by_name ON products_product USING gin (upper(name) gin_trgm_ops)"
)


def prepare(postgres: Postgres, database: str, *, rows: int) -> str:
    """Fill an empty database. Return the secret of a client with a tenth of the orders.

    It drops the search index and creates it again after the insert, which is faster.
    """
    url = postgres.url(database)
    manage(url, "migrate", "--verbosity=0", "--skip-checks", settings=CONFIG)
    scopes = [f"--scope={scope}" for scope in SCOPES]
    secret = manage(url, "createkey", "--skip-checks", "shop", *scopes, settings=CONFIG).strip()
    names = [
        sql.SQL("ARRAY[{}]").format(sql.SQL(", ").join(map(sql.Literal, words))) for words in WORDS
    ]
    values: dict[str, sql.Composable] = {"rows": sql.Literal(rows), "clients": sql.Literal(CLIENTS)}
    values |= zip(("first", "second", "third"), names, strict=True)
    with postgres.connect(database) as connection:
        # Skip the checks of foreign keys, because all ids are known to exist.
        connection.execute("SET session_replication_role = replica")
        connection.execute(
            "INSERT INTO accounts_client (name, created_at)"
            " SELECT 'client ' || n, now() FROM generate_series(2, %s) AS n",
            [CLIENTS],
        )
        definition = connection.execute("SELECT pg_get_indexdef(%s::regclass)", [SEARCH_INDEX])
        (index,) = definition.fetchone() or ("",)
        connection.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(SEARCH_INDEX)))
        for statement in (PRODUCTS, ORDERS, LINES):
            connection.execute(sql.SQL(statement).format(**values), [])
        for statement in (index, RIVAL_INDEX, "VACUUM ANALYZE", "CHECKPOINT"):
            connection.execute(statement)
    return secret


def searches(count: int, *, rows: int, seed: int) -> list[str]:
    """Search texts of three words, encoded for a query string. Some products match each."""
    first, second, third = ([word.lower() for word in words] for words in WORDS)
    combined = [f"{c}+{b}+{a}" for a, b, c in product(third, second, first)]
    present = combined[1 : rows + 1]  # in id order, from id 1
    return random.Random(seed).sample(present, min(count, len(present)))  # noqa: S311 - repeatable
