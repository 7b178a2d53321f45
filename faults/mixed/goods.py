"""What clients do with parcels: ship and cancel units, deliver shipments, take units back."""

from typing import Any

from faults.mixed.clients import Answer, Client
from faults.mixed.picking import an_order, any_of, as_json, number, read_again


async def _on_lines(client: Client, key: int, what: str, path: str, body: dict[str, Any]) -> Answer:
    """Send a request with a key that is about units of an order, and read the order."""
    answer = await client.send_keyed(what, f"orders/{key}/{path}/", as_json(body), order=key)
    await read_again(client, key)
    return answer


async def ship_some(client: Client) -> None:
    """Make a shipment of some units, or of everything that is open."""
    if key := an_order(client):
        lines = _units(client, key, "shipped_quantity", of="quantity")
        body = {"lines": lines, "carrier": "DHL"} if lines and number(1, 3) > 1 else {}
        answer = await _on_lines(client, key, "shipment", "shipments", body)
        if answer.told == "done":
            client.shop.shipments[answer.document()["id"]] = key


async def cancel_some(client: Client) -> None:
    """Cancel some units that are open."""
    if (key := an_order(client)) and (lines := _units(client, key, "shipped_quantity")):
        await _on_lines(client, key, "cancel", "cancel", {"lines": lines})


async def take_back(client: Client) -> None:
    """Take units back that were shipped, to be sold again or not, some with their own credit."""
    if newest := list(client.shop.shipments.values())[-100:]:
        key = any_of(newest)
        lines: list[dict[str, Any]] = [
            *_units(client, key, "returned_quantity", of="shipped_quantity")
        ]
        for line in lines:
            line["restock"] = any_of([True, False])
            if number(1, 3) == 1:
                line["credit"] = "1.00"
        body: dict[str, Any] = {"lines": lines}
        if number(1, 4) == 1:
            body["charges_credit"] = "0.50"
        if lines:
            await _on_lines(client, key, "return", "returns", body)


def _units(client: Client, key: int, part: str, *, of: str = "quantity") -> list[dict[str, Any]]:
    """Some units of lines that have not gone as far as `part`, as they were seen last."""
    chosen = []
    for line in client.shop.lines.get(key, ()):
        gone = line[part] + (line["canceled_quantity"] if of == "quantity" else 0)
        if (left := line[of] - gone) > 0 and number(1, 3) > 1:
            chosen.append({"line_id": line["id"], "quantity": any_of([1, left])})
    return chosen


async def deliver_shipment(client: Client) -> None:
    """One of the newest shipments has arrived."""
    if newest := list(client.shop.shipments)[-100:]:
        shipment = any_of(newest)
        key = client.shop.shipments[shipment]
        answer = await client.send("POST", f"shipments/{shipment}/deliver/")
        client.wrote(answer, "order", key, "status", "delivered")
        if answer.told == "done":
            client.history.delivered.add(shipment)
        await read_again(client, key)
