"""The express lane of placing: batches, keys that change, and orders that cannot be placed."""

import asyncio
import json
from collections.abc import Callable, Iterator, Sequence
from threading import Event
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest
from django.db import connection, connections, transaction

from apps.accounts.models import ApiKey
from apps.accounts.operations import issue_key, revoke_key
from apps.orders import hot_routes
from apps.orders.microservice_communication import ProductSnapshot
from apps.orders.models import Order
from apps.orders.operations import place_orders
from apps.orders.placing.requests import OrderRequest
from apps.orders.tests.product_rows import PRODUCT, in_stock, make_product
from monoservices.server import callers, hot_batches
from monoservices.server.front import Front
from monoservices.services.scopes import Check
from monoservices.testing.rows import rows_of
from tests.asgi import Reply, Spied, messages_of, new_django, post_order
from tests.books import assert_books_balance

SECONDS = 10
"""After which a test that hangs fails."""
UNKNOWN = ["tp_" + letter * 43 for letter in "abcdefgh"]

pytestmark = pytest.mark.django_db(transaction=True)


class Batch(NamedTuple):
    """A call of `place_orders`: how many requests, and whether it skips locked products."""

    size: int
    skip_held: bool = False


class Placings:
    """`place_orders`, which records its calls and calls `before` with the requests of each."""

    def __init__(self) -> None:
        self.batches: list[Batch] = []
        self.before: Callable[[Sequence[OrderRequest]], Any] = len

    def __call__(self, requests: Sequence[OrderRequest], *, skip_held: bool, check: Check) -> Any:
        self.batches.append(Batch(len(requests), skip_held))
        self.before(requests)
        return place_orders(requests, skip_held=skip_held, check=check)


@pytest.fixture
def placings(monkeypatch: pytest.MonkeyPatch) -> Placings:
    placings = Placings()
    monkeypatch.setattr(hot_routes, "place_orders", placings)
    return placings


class Shop:
    """A front with one product to order, and a client's key that it knows from its first order."""

    def __init__(self, runner: asyncio.Runner) -> None:
        self.runner = runner
        self.django: Spied = new_django()
        self.front = Front(self.django)
        self.mug: ProductSnapshot = make_product(stock=1000)
        issued = issue_key(client_name="shop", scopes={"orders:write"})
        self.key, self.secret = issued.key, issued.secret

    def begin(self) -> None:
        assert self.place().status == 201
        self.django.asked.clear()

    def place(self, secret: str | None = None, **sent: Any) -> Reply:
        return self.runner.run(asyncio.wait_for(self.order(secret, **sent), SECONDS))

    async def order(
        self, secret: str | None = None, *, key: str | None = None, **fields: Any
    ) -> Reply:
        """The answer to an order of one mug, unless `fields` say something else."""
        body = {"product_id": self.mug.id, "quantity": 1} | fields
        headers = {} if key is None else {"idempotency_key": key}
        return await post_order(
            self.front, json.dumps(body).encode(), secret or self.secret, **headers
        )

    def place_all(self, *sent: dict[str, Any]) -> list[Reply]:
        """The answers to orders that come at the same time."""

        async def run() -> list[Reply]:
            return await asyncio.gather(*(self.order(**each) for each in sent))

        return self.runner.run(asyncio.wait_for(run(), SECONDS))


@pytest.fixture
def cold_shop(transactional_db: None, placings: Placings) -> Iterator[Shop]:
    """A shop that has served nobody yet, so that settings can be changed before it does."""
    with asyncio.Runner() as runner:
        shop = Shop(runner)
        yield shop
        ending = messages_of(shop.front, {"type": "lifespan"}, {"type": "lifespan.shutdown"})
        runner.run(ending)
    assert_books_balance()


@pytest.fixture
def shop(cold_shop: Shop, placings: Placings) -> Shop:
    cold_shop.begin()
    placings.batches.clear()
    return cold_shop


def statuses(replies: Sequence[Reply]) -> list[int]:
    return [reply.status for reply in replies]


def code(reply: Reply) -> Any:
    assert reply.headers["content-type"] == "application/problem+json"
    return json.loads(reply.body)["code"]


def test_orders_that_come_together_share_a_batch(shop: Shop, placings: Placings) -> None:
    replies = shop.place_all(*[{}] * 20)
    assert statuses(replies) == [201] * 20
    assert placings.batches == [Batch(20)]
    assert len({json.loads(reply.body)["id"] for reply in replies}) == 20
    assert (in_stock(shop.mug), shop.django.asked) == (979, [])


def test_orders_that_come_meanwhile_share_the_next_ones(
    cold_shop: Shop, placings: Placings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hot_batches, "BATCH", 4)
    shop = cold_shop
    shop.begin()
    begun, go_on = Event(), Event()

    def hold(_: Any) -> None:
        begun.set()
        assert go_on.wait(SECONDS)

    async def run() -> list[Reply]:
        placings.before = hold
        first = asyncio.create_task(shop.order())
        assert await asyncio.to_thread(begun.wait, SECONDS)
        others = [asyncio.create_task(shop.order()) for _ in range(10)]
        await asyncio.sleep(0)  # lets each of them begin
        go_on.set()
        return await asyncio.gather(first, *others)

    assert statuses(shop.runner.run(run())) == [201] * 11
    assert placings.batches == [Batch(1), Batch(1), Batch(4), Batch(4), Batch(2)]


def test_each_order_of_a_batch_has_an_answer_of_its_own(shop: Shop, placings: Placings) -> None:
    replies = shop.place_all(
        {"key": "a"},
        {"key": "a"},
        {"key": "a", "quantity": 2},
        {"quantity": 1_000_000},
        {"product_id": 999_999},
        {},
    )
    assert statuses(replies) == [201, 201, 422, 409, 400, 201]
    assert [code(reply) for reply in replies[2:5]] == [
        "idempotency_key_reused",
        "out_of_stock",
        "unknown_product",
    ]
    assert replies[0].body == replies[1].body
    assert [reply.headers.get("idempotent-replayed") for reply in replies[:2]] == [None, "true"]
    assert (placings.batches, in_stock(shop.mug)) == ([Batch(6)], 997)


def test_past_the_bound_orders_are_refused(
    cold_shop: Shop, placings: Placings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One client's orders may take half of the places."""
    monkeypatch.setattr(hot_batches, "WAITING", 4)
    cold_shop.begin()
    replies = cold_shop.place_all(*[{}] * 5)
    assert statuses(replies) == [201, 201, 503, 503, 503]
    assert [reply.headers["retry-after"] for reply in replies[2:]] == ["1"] * 3
    assert in_stock(cold_shop.mug) == 997


def test_who_waits_for_too_long_is_refused(shop: Shop, placings: Placings) -> None:
    batches: Any = shop.front.express.batches
    begun, go_on = Event(), Event()

    def hold(_: Any) -> None:
        begun.set()
        assert go_on.wait(SECONDS)

    async def run() -> tuple[Reply, Reply]:
        placings.before = hold
        first = asyncio.create_task(shop.order())
        assert await asyncio.to_thread(begun.wait, SECONDS)
        batches._queues["orders"]._max_wait_seconds = 0.0
        second = await shop.order()
        go_on.set()
        return await first, second

    first, second = shop.runner.run(run())
    assert (first.status, second.status, code(second)) == (201, 503, "unavailable")
    assert (placings.batches, in_stock(shop.mug)) == ([Batch(1)], 998)


def test_a_revoked_key_is_refused_at_once(shop: Shop, placings: Placings) -> None:
    revoke_key(key_id=shop.key.pk)
    reply = shop.place()
    assert (reply.status, code(reply)) == (401, "invalid_key")
    assert reply.headers["www-authenticate"] == 'Bearer realm="api"'
    assert (placings.batches, in_stock(shop.mug)) == ([Batch(1)], 999)
    assert Order.objects.count() == 1


def test_a_revoked_key_spoils_no_batch(shop: Shop, placings: Placings) -> None:
    other = issue_key(client_name="other", scopes={"orders:write"}).secret
    assert shop.place(other).status == 201
    placings.batches.clear()
    revoke_key(key_id=shop.key.pk)
    replies = shop.place_all({}, {"secret": other}, {})
    assert statuses(replies) == [401, 201, 401]
    assert (placings.batches, in_stock(shop.mug)) == ([Batch(3)], 997)


def test_a_scope_that_was_taken_away(shop: Shop, placings: Placings) -> None:
    ApiKey.objects.filter(pk=shop.key.pk).update(scopes=["orders:read"])
    reply = shop.place()
    assert (reply.status, code(reply)) == (403, "missing_scope")
    assert (placings.batches, in_stock(shop.mug)) == ([Batch(1)], 999)
    assert [each.method for each in shop.django.asked] == ["POST"]


def test_prices_that_may_not_be_set_any_more(shop: Shop, placings: Placings) -> None:
    line = {"product_id": shop.mug.id, "quantity": 1, "unit_price": "0.01"}
    secret = issue_key(client_name="pos", scopes={"orders:write", "orders:price"}).secret
    sent = json.dumps({"lines": [line]}).encode()

    def place() -> Reply:
        return shop.runner.run(post_order(shop.front, sent, secret))

    assert place().status == 201
    ApiKey.objects.filter(client__name="pos").update(scopes=["orders:write"])
    reply = place()
    assert (reply.status, code(reply)) == (403, "missing_scope")
    assert (placings.batches, in_stock(shop.mug)) == ([Batch(1)] * 2, 998)


def test_a_scope_that_was_granted_later(shop: Shop, placings: Placings) -> None:
    """The route knows the key without the scope, and looks it up again."""
    key = issue_key(client_name="late", scopes={"orders:read"})
    assert shop.place(key.secret).status == 403
    ApiKey.objects.filter(pk=key.key.pk).update(scopes=["orders:write"])
    shop.django.asked.clear()
    assert shop.place(key.secret).status == 201
    assert (placings.batches, shop.django.asked) == ([Batch(1)], [])


def test_more_keys_than_are_remembered(
    shop: Shop, placings: Placings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(callers, "REMEMBERED", 1)
    other = issue_key(client_name="other", scopes={"orders:write"}).secret
    assert statuses([shop.place(secret) for secret in (other, None, other)]) == [201] * 3
    assert len(placings.batches) == 3


def test_unknown_keys_do_not_use_the_orders_queue(shop: Shop, placings: Placings) -> None:
    """They are refused while a batch of orders is held up, and never become one."""
    begun, go_on = Event(), Event()

    def hold(_: Any) -> None:
        begun.set()
        assert go_on.wait(SECONDS)

    async def run() -> tuple[list[Reply], Reply]:
        placings.before = hold
        held = asyncio.create_task(shop.order())
        assert await asyncio.to_thread(begun.wait, SECONDS)
        refused = await asyncio.gather(*(shop.order(secret) for secret in UNKNOWN))
        assert not held.done()
        go_on.set()
        return refused, await held

    refused, placed = shop.runner.run(asyncio.wait_for(run(), SECONDS))
    assert [code(reply) for reply in refused] == ["invalid_key"] * len(UNKNOWN)
    assert (placed.status, placings.batches) == (201, [Batch(1)])


def test_unknown_keys_take_no_place_from_orders(
    cold_shop: Shop, placings: Placings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many unknown keys wait, a known client can place orders."""
    shop = cold_shop
    begun, go_on = Event(), Event()
    look_up = callers.Callers._look_up

    def hold(self: callers.Callers, digests: Sequence[str]) -> Any:
        if len(placings.batches):  # all but the first order's own key
            begun.set()
            assert go_on.wait(SECONDS)
        return look_up(self, digests)

    monkeypatch.setattr(callers.Callers, "_look_up", hold)
    monkeypatch.setattr(callers, "WAITING", 4)
    shop.begin()

    async def run() -> tuple[Reply, list[Reply]]:
        first, *others = (asyncio.create_task(shop.order(secret)) for secret in UNKNOWN)
        assert await asyncio.to_thread(begun.wait, SECONDS)
        placed = await shop.order()
        go_on.set()
        return placed, await asyncio.gather(first, *others)

    placed, refused = shop.runner.run(asyncio.wait_for(run(), SECONDS))
    assert placed.status == 201
    # Four found a place, and those after them none.
    assert statuses(refused) == [401] * 4 + [503] * 4


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite locks no rows")
def test_a_held_product_is_waited_for_once(
    cold_shop: Shop, placings: Placings, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = connections.settings["default"]["OPTIONS"]
    monkeypatch.setitem(options, "options", "-c lock_timeout=50")
    now = [100.0]
    monkeypatch.setattr(hot_routes, "time", SimpleNamespace(monotonic=lambda: now[0]))
    shop, cup = cold_shop, make_product(name="Cup", stock=10)
    shop.begin()
    placings.batches.clear()
    with transaction.atomic():
        rows_of(PRODUCT).select_for_update().get(pk=shop.mug.id)
        held = shop.place_all({}, {"product_id": cup.id})
        now[0] += hot_routes.SKIP_LOCKED_SECONDS - 0.01
        held += shop.place_all({"product_id": cup.id}, {})
    assert statuses(held) == [503, 201, 201, 503]
    assert [held[n].headers["retry-after"] for n in (0, 3)] == ["1", "1"]
    assert [code(held[n]) for n in (0, 3)] == ["unavailable"] * 2
    assert (in_stock(shop.mug), in_stock(cup)) == (999, 8)
    assert shop.place().status == 201  # nobody holds it any more
    now[0] += 0.01
    assert shop.place().status == 201
    cautions = [batch.skip_held for batch in placings.batches]
    assert cautions == [False, True, True, False]


def test_a_fault_is_answered_to_the_one_whose_order_it_is(shop: Shop, placings: Placings) -> None:
    def fail(requests: Sequence[OrderRequest]) -> None:
        if any(request.reference == "poison" for request in requests):
            raise ValueError("secret")

    placings.before = fail
    replies = shop.place_all({}, {"reference": "poison"}, {})
    assert statuses(replies) == [201, 500, 201]
    assert code(replies[1]) == "internal_error"
    assert b"secret" not in replies[1].body
    assert placings.batches == [Batch(3), Batch(1), Batch(1), Batch(1)]
    assert (Order.objects.count(), in_stock(shop.mug)) == (3, 997)
