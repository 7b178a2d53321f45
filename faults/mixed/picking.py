"""What every operation needs: chance, the orders that clients meet at, and how to read one."""

import json
import random
import uuid
from typing import Any

from faults.mixed.clients import Client

any_of = random.choice
number = random.randint


def as_json(value: Any) -> bytes:
    return json.dumps(value).encode()


def unique() -> str:
    return uuid.uuid4().hex


def an_order(client: Client) -> int:
    """One of the newest orders, so that several clients meet at it. 0 if there are none."""
    newest = list(client.shop.orders)[-100:]
    return any_of(newest) if newest else 0


def a_held_order(client: Client) -> int:
    """One of the newest orders that were held when they were seen last. 0 if there are none."""
    newest = list(client.shop.held)[-50:]
    return any_of(newest) if newest else 0


async def read_again(client: Client, key: int) -> None:
    client.saw_order(await client.send("GET", f"orders/{key}/"), key)
