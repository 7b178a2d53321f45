"""Everything that a client can do, and how often it does it."""

import json
import random
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from faults.mixed.clients import Client
from faults.mixed.goods import cancel_some, deliver_shipment, ship_some, take_back
from faults.mixed.history import Write
from faults.mixed.picking import a_held_order, an_order, any_of, as_json, number, read_again, unique

MAIL = "example.com"
RECENT_SECONDS = 2
IMPORTED = 10
"""How many rows an import has."""


def _lines(client: Client) -> list[dict[str, int]]:
    chosen = random.sample(client.shop.goods, number(1, 3))
    return [{"product_id": each, "quantity": number(1, 5)} for each in chosen]


async def place(client: Client) -> None:
    """Place an order; then read it, by its id or by what only it has."""
    await _place(client, {})


async def hold(client: Client) -> None:
    """Place an order that is held."""
    await _place(client, {"hold_seconds": number(60, 600)})


async def replace(client: Client) -> None:
    """Place an order that is held, instead of another one."""
    if replaced := a_held_order(client):
        await _place(client, {"hold_seconds": number(60, 600), "replaces": replaced})
        await read_again(client, replaced)


async def _place(client: Client, more: dict[str, int]) -> None:
    mail, reference = f"{unique()}@{MAIL}", unique()
    body = {"lines": _lines(client), "customer_email": mail, "reference": reference, **more}
    if number(1, 4) == 1:
        body["charges"] = [{"type": "shipping", "amount": "4.90"}]
    replaced = more.get("replaces")
    answer = await client.send_keyed("order", "orders/", as_json(body), order=replaced)
    if answer.told != "done":
        return
    order = answer.document()
    client.saw("order", answer, [order], version=1)
    client.history.writes.append(Write("order", order["id"], "reference", reference))
    client.shop.learn(order, 1)
    if number(1, 5) == 1:
        await read_again(client, order["id"])
    if number(1, 10) == 1:
        await _find(client, order["id"], mail)


async def send_again(client: Client) -> None:
    """Send a request again that is done."""
    if client.shop.sent:
        await client.repeat(any_of(client.shop.sent[-500:]), again=True)


async def change(client: Client) -> None:
    """Change an order at the version that was seen last."""
    if not (key := an_order(client)):
        return
    reference, version = unique(), client.shop.orders[key]
    body: dict[str, Any] = {"reference": reference}
    if number(1, 2) == 1:
        body["lines"] = _lines(client)
    if key in client.shop.held and number(1, 3) == 1:
        body["hold_seconds"] = number(60, 600)
    answer = await client.send("PATCH", f"orders/{key}/", as_json(body), if_match=f'"{version}"')
    client.wrote(answer, "order", key, "reference", reference)
    client.saw_order(answer, key, changed=version)
    if answer.status == 409:
        await read_again(client, key)


async def ship(client: Client) -> None:
    await _move(client, an_order(client), "ship", "shipped")


async def deliver(client: Client) -> None:
    await _move(client, an_order(client), "deliver", "delivered")


async def cancel(client: Client) -> None:
    await _move(client, an_order(client), "cancel", "canceled")


async def confirm(client: Client) -> None:
    await _move(client, a_held_order(client), "confirm", "confirmed")


async def _move(client: Client, key: int, name: str, event: str) -> None:
    if key:
        answer = await client.send("POST", f"orders/{key}/{name}/")
        client.wrote(answer, "order", key, "status", event)
        client.saw_order(answer, key)
        if answer.status == 409:
            await read_again(client, key)


async def pay(client: Client) -> None:
    """Pay what an order costs, or half of it."""
    if key := any_of([an_order(client), a_held_order(client)]) or an_order(client):
        total = client.shop.totals[key]
        await _move_money(client, key, "payment", any_of([total, total, total / 2]))


async def refund(client: Client) -> None:
    """Refund what is paid for an order, or a little."""
    if newest := list(client.shop.paid)[-100:]:
        key = any_of(newest)
        amount = any_of([client.shop.paid[key], Decimal("0.50")])
        await _move_money(client, key, "refund", amount)


async def _move_money(client: Client, key: int, what: str, amount: Decimal) -> None:
    body, reference = {"amount": f"{amount:.2f}", "method": "card"}, any_of(["", unique()])
    if reference:
        body |= {"provider": "bank", "provider_reference": reference}
    path = f"orders/{key}/{what}s/"
    await client.send_keyed(what, path, as_json(body), order=key, reference=reference)
    await read_again(client, key)


async def read_order(client: Client) -> None:
    if key := an_order(client):
        await read_again(client, key)


async def _find(client: Client, key: int, mail: str) -> None:
    answer = await client.send("GET", f"orders/?customer_email={mail}")
    if answer.told == "done":
        found = answer.document()["results"]
        client.saw("order", answer, found)
        if key not in {order["id"] for order in found}:
            client.saw("order", answer, [], absent=key)


async def list_orders(client: Client) -> None:
    answer = await client.send("GET", "orders/?limit=50")
    if answer.told == "done":
        client.saw("order", answer, answer.document()["results"])


async def export_orders(client: Client) -> None:
    """Export the orders of the last seconds."""
    after = datetime.now(UTC) - timedelta(seconds=RECENT_SECONDS)
    path = f"orders/export/?created_after={after:%Y-%m-%dT%H:%M:%SZ}"
    answer = await client.send("GET", path, accept="application/jsonl")
    if answer.told == "done" and answer.response:
        client.saw("order", answer, [json.loads(x) for x in answer.response.body.splitlines()])


async def list_products(client: Client) -> None:
    answer = await client.send("GET", "products/?limit=50")
    if answer.told == "done":
        client.saw("product", answer, answer.document()["results"])


async def export_products(client: Client) -> None:
    """Export the products that take part; those that clients create have other names."""
    answer = await client.send("GET", "products/export/?search=part", accept="application/jsonl")
    if answer.told == "done" and answer.response:
        client.saw("product", answer, [json.loads(x) for x in answer.response.body.splitlines()])


async def read_product(client: Client) -> None:
    key = any_of(client.shop.goods)
    answer = await client.send("GET", f"products/{key}/")
    if answer.told == "done":
        client.saw("product", answer, [answer.document()])


async def describe(client: Client) -> None:
    key, text = any_of(client.shop.goods), unique()
    body = {"description": text, "price": f"{number(1, 99)}.{number(10, 99)}"}
    answer = await client.send("PATCH", f"products/{key}/", as_json(body))
    client.wrote(answer, "product", key, "description", text)
    if answer.told == "done":
        client.saw("product", answer, [answer.document()])


async def archive(client: Client) -> None:
    """Archive a product, and put it on sale again."""
    key = any_of(client.shop.goods)
    answer = await client.send("DELETE", f"products/{key}/")
    client.wrote(answer, "product", key, "is_active", False)
    await read_product(client)
    answer = await client.send("PATCH", f"products/{key}/", as_json({"is_active": True}))
    client.wrote(answer, "product", key, "is_active", True)


async def create_product(client: Client) -> None:
    body = {"name": "New", "price": "1.00", "sku": unique(), "stock_quantity": 3}
    answer = await client.send_keyed("product", "products/", as_json(body))
    if answer.told == "done":
        client.saw("product", answer, [answer.document()])


async def move_stock(client: Client) -> None:
    path = f"products/{any_of(client.shop.goods)}/stock/"
    body = {"delta": number(5, 50), "reason": "received"}
    await client.send_keyed("stock", path, as_json(body))


async def count_stock(client: Client) -> None:
    counted = number(20, 200)
    path = f"products/{any_of(client.shop.goods)}/stock/"
    await client.send_keyed("stock", path, as_json({"counted": counted}), counted=counted)


async def transfer(client: Client) -> None:
    """Move units between two products, in one request."""
    source, target = random.sample(client.shop.transfers, 2)
    units = number(1, 9)
    moves = [(source, -units), (target, units)]
    body = [{"product_id": key, "delta": n, "reason": "corrected"} for key, n in moves]
    await client.send_keyed("stocks", "stock/", as_json({"movements": body}))


async def import_products(client: Client) -> None:
    """Import descriptions of several products."""
    rows = {key: unique() for key in random.sample(client.shop.goods, IMPORTED)}
    skus = client.shop.skus
    text = "".join(f"{skus[key]},part {key},9.99,{told}\n" for key, told in rows.items())
    body = f"sku,name,price,description\n{text}".encode()
    answer = await client.send("POST", "products/import/", body, kind="text/csv")
    found = answer.document().get("rows", []) if answer.told == "done" else []
    refused = {row["sku"] for row in found if row["result"] == "refused"}
    partly = answer.status >= 500  # "the rows already imported stay"
    for key, told in rows.items():
        if skus[key] not in refused:
            client.wrote(answer, "product", key, "description", told, partly=partly)


OPERATIONS: dict[Callable[[Client], Awaitable[None]], int] = {
    place: 20,
    hold: 20,
    replace: 4,
    send_again: 5,
    change: 12,
    confirm: 6,
    pay: 10,
    refund: 4,
    ship: 3,
    ship_some: 12,
    deliver_shipment: 6,
    cancel_some: 6,
    take_back: 8,
    deliver: 3,
    cancel: 3,
    read_order: 8,
    list_orders: 4,
    export_orders: 2,
    read_product: 4,
    list_products: 4,
    export_products: 2,
    describe: 5,
    archive: 2,
    create_product: 2,
    move_stock: 6,
    count_stock: 2,
    transfer: 5,
    import_products: 2,
}
"""How often each operation is drawn, relative to the others."""
