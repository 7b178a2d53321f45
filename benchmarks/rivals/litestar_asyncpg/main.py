from collections.abc import Sequence
from decimal import Decimal

from asyncpg import Record
from asyncpg.pool import PoolConnectionProxy as Connection
from litestar import Litestar, get
from litestar.di import Provide
from litestar.exceptions import NotFoundException
from litestar.pagination import CursorPagination

from benchmarks.rivals.litestar_asyncpg.database import (
    database,
    provide_client_id,
    provide_connection,
)
from benchmarks.rivals.litestar_asyncpg.structs import (
    Availability,
    Available,
    Order,
    OrderCharge,
    OrderLine,
    Product,
)

PAGE = 20
CURRENCY = "EUR"
PRODUCT = """
    SELECT id, sku, name, description, price, stock_quantity, committed_quantity,
        stock_quantity + committed_quantity AS on_hand, is_active, created_at, updated_at
    FROM products_product
"""
ORDER = """
    SELECT id, status, currency, total, credited, paid, reference, customer_email,
        shipping_address, metadata, held_until, canceled_because, created_at, updated_at,
        charges_total
    FROM orders_order
"""
LINES = """
    SELECT order_id, id, product_id, sku, product_name, unit_price, quantity, shipped_quantity,
        canceled_quantity, returned_quantity, tax_rate, tax_amount
    FROM orders_orderline WHERE order_id = ANY($1) ORDER BY id
"""
CHARGES = """
    SELECT order_id, type, label, amount, tax_rate, tax_amount
    FROM orders_ordercharge WHERE order_id = ANY($1) ORDER BY id
"""
AVAILABLE = (
    "SELECT id, stock_quantity, price FROM products_product WHERE id = ANY($1) AND is_active"
)


def page(rows: Sequence[Record]) -> tuple[Sequence[Record], int | None]:
    """A page of rows, and its cursor if there are more."""
    return rows[:PAGE], rows[PAGE - 1]["id"] if len(rows) > PAGE else None


def product(row: Record) -> Product:
    return Product(currency=CURRENCY, **row)


def payment_status(status: str, paid: Decimal | None, due: Decimal) -> str | None:
    if paid is None:
        return None
    if paid > due:
        return "overpaid"
    if paid == due and status != "canceled":
        return "paid"
    return "partly_paid" if paid else "unpaid"


async def orders(connection: Connection, rows: Sequence[Record]) -> list[Order]:
    """Orders with their lines, which are one more statement, and charges, if there are any."""
    lines: dict[int, list[OrderLine]] = {row["id"]: [] for row in rows}
    for order_id, *line in await connection.fetch(LINES, [*lines]):
        lines[order_id].append(OrderLine(*line))
    charges: dict[int, list[OrderCharge]] = {row["id"]: [] for row in rows}
    if charged := [row["id"] for row in rows if row["charges_total"] is not None]:
        for order_id, *charge in await connection.fetch(CHARGES, charged):
            charges[order_id].append(OrderCharge(*charge))
    return [order(row, lines[row["id"]], charges[row["id"]]) for row in rows]


def order(row: Record, lines: list[OrderLine], charges: list[OrderCharge]) -> Order:
    columns = dict(row)
    del columns["charges_total"]
    due = Decimal("0.00") if row["status"] == "canceled" else row["total"] - row["credited"]
    owed = payment_status(row["status"], row["paid"], due)
    return Order(
        due=due,
        payment_status=owed,
        needs_refund=owed == "overpaid",
        lines=lines,
        charges=charges,
        **columns,
    )


@get("/products")
async def list_products(
    connection: Connection, client_id: int, cursor: int | None = None
) -> CursorPagination[int, Product]:
    rows = await connection.fetch(
        f"{PRODUCT} WHERE id > $1 ORDER BY id LIMIT $2", cursor or 0, PAGE + 1
    )
    rows, last = page(rows)
    return CursorPagination([product(row) for row in rows], PAGE, last)


@get("/products/availability")
async def list_availability(connection: Connection, client_id: int, ids: str) -> Availability:
    wanted = [int(each) for each in ids.split(",")]
    rows = {row["id"]: row for row in await connection.fetch(AVAILABLE, wanted)}
    found = [rows[each] for each in wanted if each in rows]
    return Availability(
        [Available(row["id"], row["stock_quantity"], row["price"], CURRENCY) for row in found]
    )


@get("/products/{product_id:int}")
async def get_product(connection: Connection, client_id: int, product_id: int) -> Product:
    row = await connection.fetchrow(f"{PRODUCT} WHERE id = $1", product_id)
    if row is None:
        raise NotFoundException
    return product(row)


@get("/orders")
async def list_orders(
    connection: Connection, client_id: int, cursor: int | None = None
) -> CursorPagination[int, Order]:
    before, values = ("", ()) if cursor is None else ("AND id < $3", (cursor,))
    rows = await connection.fetch(
        f"{ORDER} WHERE client_id = $1 {before} ORDER BY id DESC LIMIT $2",
        client_id,
        PAGE + 1,
        *values,
    )
    rows, last = page(rows)
    return CursorPagination(await orders(connection, rows), PAGE, last)


@get("/orders/{order_id:int}")
async def get_order(connection: Connection, client_id: int, order_id: int) -> Order:
    row = await connection.fetchrow(
        f"{ORDER} WHERE id = $1 AND client_id = $2", order_id, client_id
    )
    if row is None:
        raise NotFoundException
    [found] = await orders(connection, [row])
    return found


app = Litestar(
    path="/api/v1",
    route_handlers=[list_products, list_availability, get_product, list_orders, get_order],
    dependencies={
        "connection": Provide(provide_connection),
        "client_id": Provide(provide_client_id),
    },
    lifespan=[database],
)
