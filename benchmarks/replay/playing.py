"""Send the products first, then every invoice and return in order."""

import asyncio
import time
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

import msgspec
from msgspec import Struct, field
from tqdm import tqdm

from benchmarks.replay.client import Client, ReplayError
from benchmarks.replay.invoices import Invoice, Product, Return

STOCK = 1_000_000
"""The initial stock of each product. The best seller of four months sold 74,215 units."""

SHOWN = 5
"""How many refusals to print."""


class Tally(Struct):
    """The server's responses. lines to invoice_totals: of the orders in its responses.

    revenue: of their lines. invoice_totals: of lines and charges, as the server says.
    """

    placed: int = 0
    replayed: int = 0
    rejected: int = 0
    lines: int = 0
    units_sold: int = 0
    revenue: Decimal = Decimal("0.00")
    charges: Decimal = Decimal("0.00")
    invoice_totals: Decimal = Decimal("0.00")
    units_returned: int = 0
    returns: int = 0
    returns_replayed: int = 0
    returns_rejected: int = 0
    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)


async def provide_products(client: Client, products: Iterable[Product]) -> int:
    """Import the products that the shop does not have, with stock. Return how many.

    Existing products do not change. Raises ReplayError.
    """
    exported = await client.expect("GET", "products/export/", Accept="application/jsonl")
    known = {msgspec.json.decode(line)["sku"] for line in exported.body.splitlines()}
    missing = [product for product in products if product.code not in known]
    if not missing:
        return 0
    body = b"\n".join(map(_product_line, missing))
    imported = await client.expect(
        "POST", "products/import/", body, Content_Type="application/jsonl"
    )
    report = imported.decode()
    if report["refused"]:
        refused = next(row for row in report["rows"] if row["result"] == "refused")
        raise ReplayError(f"The server refused the product {refused['sku']}: {refused['reason']}")
    return len(missing)


async def play(
    client: Client, played: Iterable[Invoice | Return], *, total: int, connections: int
) -> Tally:
    """Send every invoice as an order and every return as movements, with idempotency keys.

    Raises ReplayError if the server does not respond.
    """
    tally = Tally()
    # disable=None: no bar unless standard error is a terminal.
    waiting = iter(tqdm(played, total=total, unit=" invoices", disable=None))
    begin = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(connections):
            group.create_task(_work(client, waiting, tally))
    tally.seconds = time.perf_counter() - begin
    return tally


async def _work(client: Client, waiting: Iterator[Invoice | Return], tally: Tally) -> None:
    for each in waiting:
        if isinstance(each, Invoice):
            await _place(client, each, tally)
        else:
            await _take_back(client, each, tally)


async def _place(client: Client, invoice: Invoice, tally: Tally) -> None:
    lines = [
        {"sku": sku, "quantity": quantity, "unit_price": f"{price:.2f}"}
        for (sku, price), quantity in invoice.lines.items()
    ]
    charges = [
        {"type": each.type, "label": each.label, "amount": f"{each.amount:.2f}"}
        for each in invoice.charges
    ]
    order = {"reference": invoice.number, "lines": lines, "charges": charges}
    body = msgspec.json.encode(order)
    begin = time.perf_counter()
    response = await client.send(
        "POST", "orders/", body, Content_Type="application/json", Idempotency_Key=_key(invoice)
    )
    tally.latencies.append(time.perf_counter() - begin)
    if response.status != 201:
        tally.rejected += 1
        tally.refusals.append(f"{invoice.number}: {response.status} {response.body.decode()}")
        return
    if response.replayed:
        tally.replayed += 1
    else:
        tally.placed += 1
    _count(response.decode(), tally)


def _count(order: Any, tally: Tally) -> None:
    """Add what the server says of an order."""
    tally.lines += len(order["lines"])
    tally.units_sold += sum(line["quantity"] for line in order["lines"])
    tally.revenue += sum(Decimal(line["unit_price"]) * line["quantity"] for line in order["lines"])
    tally.charges += sum(Decimal(charge["amount"]) for charge in order["charges"])
    tally.invoice_totals += Decimal(order["total"])


async def _take_back(client: Client, returned: Return, tally: Tally) -> None:
    movements = [
        {"sku": sku, "delta": units, "reason": "returned", "note": f"Invoice {returned.number}"}
        for sku, units in returned.units.items()
    ]
    body = msgspec.json.encode({"movements": movements})
    response = await client.send(
        "POST", "stock/", body, Content_Type="application/json", Idempotency_Key=_key(returned)
    )
    if response.status != 200 or response.decode()["refused"]:
        tally.returns_rejected += 1
        tally.refusals.append(f"{returned.number}: {response.status} {response.body.decode()}")
        return
    if response.replayed:
        tally.returns_replayed += 1
    else:
        tally.returns += 1
    results = response.decode()["results"]
    tally.units_returned += sum(result["movement"]["delta"] for result in results)


def _key(played: Invoice | Return) -> str:
    return f"online-retail:{played.number}"


def _product_line(product: Product) -> bytes:
    fields = {
        "sku": product.code,
        "name": product.name or product.code,
        "price": f"{product.price:.2f}",
        "stock_quantity": STOCK,
    }
    return msgspec.json.encode(fields)
