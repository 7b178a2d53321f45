"""Both lanes send the same response to a shipment, and leave the same behind."""

import asyncio
import json
import re
from typing import Any, NamedTuple

import pytest

from apps.accounts.operations import issue_key
from apps.accounts.scopes import known_scopes
from apps.orders.operations import cancel_order
from apps.orders.tests.factories import line, make_order
from apps.orders.tests.parcels import parts, state
from apps.orders.tests.product_rows import make_product
from monoservices.server.asgi import Scope
from monoservices.server.hot_batches import HEAVIEST
from tests.asgi import Reply, http_scope, with_hyphens
from tests.books import assert_books_balance
from tests.lanes import on_both

pytestmark = pytest.mark.django_db(transaction=True)

KEY = {"idempotency_key": "a"}


class Sent(NamedTuple):
    """A request. of: whose order it is for. headers: besides the usual ones."""

    body: Any
    headers: dict[str, str] = KEY
    of: str = "firm"
    key: str = "all"


def units(quantity: int, **named: Any) -> dict[str, Any]:
    return {"lines": [{"quantity": quantity} | (named or {"sku": "MUG"})]}


SCENARIOS: dict[str, tuple[list[Sent], list[tuple[str, int]]]] = {
    "everything": ([Sent({})], [("express", 201)]),
    "some and the rest": (
        [Sent(units(1)), Sent({"carrier": "Grüße"}, {"idempotency_key": "b"})],
        [("express", 201)] * 2,
    ),
    "replayed": ([Sent(units(1))] * 3, [("express", 201)] * 3),
    "key reused": ([Sent(units(1)), Sent(units(2))], [("express", 201), ("express", 422)]),
    "too many": ([Sent(units(3))], [("express", 409)]),
    "no such line": ([Sent(units(1, sku="CUP"))], [("express", 400)]),
    "held": ([Sent({}, of="held")], [("express", 409)]),
    "canceled": ([Sent({}, of="canceled")], [("express", 409)]),
    "unknown": ([Sent({}, of="nobody's")], [("express", 404)]),
    "at its version": ([Sent({}, KEY | {"if_match": '"1"'})], [("express", 201)]),
    "at another version": ([Sent({}, KEY | {"if_match": '"2"'})], [("express", 409)]),
    "at no version": ([Sent({}, KEY | {"if_match": "*"})], [("django", 400)]),
    "at an empty version": ([Sent({}, KEY | {"if_match": ""})], [("django", 400)]),
    "without a key": ([Sent({}, {})], [("django", 400)]),
    "without a scope": ([Sent({}, key="reads")], [("django", 403)]),
    "a bad body": ([Sent(b"{")], [("django", 400)]),
    "an unnamed line": ([Sent({"lines": [{"quantity": 1}]})], [("django", 400)]),
    "more lines than a batch takes": (
        [Sent({"lines": [{"sku": "MUG", "quantity": 1}] * (HEAVIEST + 1)})],
        [("django", 409)],
    ),
}


class Shop:
    """One order of each kind, for the requests of one lane."""

    def __init__(self, secrets: dict[str, str]) -> None:
        self.secrets = secrets
        self.mug = make_product(stock=8)
        self.orders = {
            "firm": make_order(line(self.mug.id, 2)),
            "held": make_order(line(self.mug.id), hold_seconds=60),
            "canceled": make_order(line(self.mug.id)),
        }
        cancel_order(order_id=self.orders["canceled"].pk, actor="x")
        self.ids = {name: order.pk for name, order in self.orders.items()} | {"nobody's": 10**12}

    def request(self, sent: Sent) -> tuple[Scope, bytes]:
        body = sent.body if isinstance(sent.body, bytes) else json.dumps(sent.body).encode()
        body = body.replace(b'"MUG"', json.dumps(self.mug.sku).encode())
        headers = {
            "content_type": "application/json",
            "content_length": str(len(body)),
            "authorization": f"Bearer {self.secrets[sent.key]}",
        }
        path = f"/api/v1/orders/{self.ids[sent.of]}/shipments/"
        return http_scope("POST", path, [*with_hyphens(headers | sent.headers).items()]), body

    def left(self) -> list[Any]:
        return [(state(order), parts(order)) for order in self.orders.values()]

    def masked(self, reply: Reply) -> Reply:
        """The reply without what is this lane's own, and without what names this moment."""
        body = re.sub(rb'("(?:\w+_)?id"):\d+', rb"\1:0", reply.body)
        body = re.sub(rb'("created_at"):"[^"]+"', rb'\1:""', body)
        headers = {name: text for name, text in reply.headers.items() if name != "content-length"}
        return Reply(reply.status, headers, body.replace(self.mug.sku.encode(), b"MUG"))


def test_the_lanes_agree() -> None:
    every = set(known_scopes())
    scopes = {"all": every, "reads": every - {"orders:manage"}}
    secrets = {
        name: issue_key(client_name="shop", scopes=granted).secret
        for name, granted in scopes.items()
    }
    ours, theirs = ({name: Shop(secrets) for name in SCENARIOS} for _ in range(2))
    named = [(name, each) for name, (sent, _) in SCENARIOS.items() for each in sent]
    pairs = asyncio.run(
        on_both(
            [ours[name].request(each) for name, each in named],
            [theirs[name].request(each) for name, each in named],
        )
    )
    taken: dict[str, list[tuple[str, int]]] = {name: [] for name in SCENARIOS}
    for (name, _), (fast, slow, chosen) in zip(named, pairs, strict=True):
        assert ours[name].masked(fast) == theirs[name].masked(slow), name
        taken[name].append((chosen, fast.status))
    assert taken == {name: expected for name, (_, expected) in SCENARIOS.items()}
    for name in SCENARIOS:
        assert ours[name].left() == theirs[name].left(), name
    assert_books_balance()
