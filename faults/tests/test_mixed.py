"""Everything at once, in small: every operation has its effect, and there is no anomaly."""

import asyncio

import pytest
from django.db import connection

from faults.mixed.__main__ import wrong
from faults.mixed.checker import check
from faults.mixed.clients import Client, Shop
from faults.mixed.expiring import expire_newest, none_expired
from faults.mixed.goods import cancel_some, deliver_shipment, ship_some, take_back
from faults.mixed.history import History, Stored
from faults.mixed.operations import OPERATIONS, place
from faults.mixed.running import Plan
from faults.mixed.running import run as run_plan
from faults.mixed.seeding import GOODS, TRANSFERS, seed
from faults.mixed.stored import read_stored
from faults.server import Server
from faults.shop import Shop as StoredShop
from tests.conftest import MakeDatabase

CLIENTS, REQUESTS = 8, 300


def test_everything_at_once_has_no_anomaly(make_database: MakeDatabase) -> None:
    stored_shop = StoredShop.fill(make_database("mixed", ""), [])

    async def run() -> tuple[History, Stored]:
        async with Server(stored_shop, workers=2) as server:
            shop = Shop(server.port, stored_shop.secret, History(), budget=REQUESTS)
            await seed(shop)
            alone = Client(shop)
            for operation in OPERATIONS:  # placing comes first, so that there is an order
                await operation(alone)
            for operation in (place, ship_some, take_back, cancel_some, deliver_shipment) * 5:
                await operation(alone)  # so that some of them find what they need
            alone.close()
            await asyncio.gather(*(Client(shop).run(OPERATIONS) for _ in range(CLIENTS)))
            await expire_newest(shop, stored_shop)
            await none_expired(stored_shop)
            assert await server.terminate() == 0
            return shop.history, await asyncio.to_thread(read_stored, stored_shop)

    history, stored = asyncio.run(run())
    assert check(history, stored) == {}
    assert history.statuses.total() >= REQUESTS
    # 400: canceling these units would leave less to pay for than was credited.
    assert history.statuses.keys() <= {200, 201, 204, 400, 409, 503}
    assert {write.field for write in history.writes} == {
        "description",
        "is_active",
        "reference",
        "status",
    }
    assert {each.what for each in history.keyed if each.told == "done"} == {
        "order",
        "payment",
        "refund",
        "shipment",
        "return",
        "cancel",
        "product",
        "stock",
        "stocks",
    }
    done = [each.key for each in history.keyed if each.what == "order" and each.told == "done"]
    assert {order.key for order in stored.orders.values()} == {*done}
    assert min(len(stored.shipments), len(stored.returns)) > 0
    assert set() < history.delivered <= {row.id for row in stored.shipments if row.has_arrived}
    assert len(stored.products) > TRANSFERS + GOODS
    ends = [stored.orders[key].document["canceled_because"] for key in history.expired]
    assert 0 < history.moved == ends.count("expired")


@pytest.mark.skipif(connection.vendor != "sqlite", reason="the run has a database of its own")
@pytest.mark.parametrize(
    ("faults", "times"), [(("killed_housekeeper",), 2), (("killed_server", "stopped_server"), 1)]
)
def test_a_run_strikes_as_often_as_it_says_and_finds_nothing(
    faults: tuple[str, ...], times: int
) -> None:
    """About 35 seconds each on two busy cores."""
    plan = Plan("sqlite", faults, 10_000, 60, clients=4, workers=1, pause=1, times=times)
    result = asyncio.run(run_plan(plan))
    assert (wrong(result), result.struck) == ([], [*faults] * times)
    assert result.history.moved > 0
    assert result.events["canceled"] > 0
