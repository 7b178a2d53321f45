"""The products that take part: they exist before the clients come."""

import json

from benchmarks.servers import BenchmarkError
from faults.mixed.clients import Client, Shop
from faults.mixed.history import Write

TRANSFERS, GOODS = 4, 20
TRANSFER_STOCK, STOCK = 1_000_000, 200


async def seed(shop: Shop) -> None:
    """Create the products through the API, and note them in the history."""
    client = Client(shop)
    made = [
        await _create(client, number, TRANSFER_STOCK if number <= TRANSFERS else STOCK)
        for number in range(1, TRANSFERS + GOODS + 1)
    ]
    client.close()
    shop.transfers, shop.goods = made[:TRANSFERS], made[TRANSFERS:]
    shop.history.transfers = frozenset(shop.transfers)
    shop.history.transfers_sum = TRANSFERS * TRANSFER_STOCK
    shop.history.writes += [
        Write("product", key, name, value)
        for key in made
        for name, value in (("description", ""), ("is_active", True))
    ]


async def _create(client: Client, number: int, stock: int) -> int:
    sku = f"part-{number}"
    body = {"name": f"part {number}", "price": "9.99", "sku": sku, "stock_quantity": stock}
    answer = await client.send("POST", "products/", json.dumps(body).encode())
    if answer.told != "done":
        raise BenchmarkError(f"A product was not created: {answer.response}")
    key: int = answer.document()["id"]
    client.shop.skus[key] = sku
    return key
