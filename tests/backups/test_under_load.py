"""A backup of a shop that takes orders has every order acknowledged before, and balances."""

import asyncio
from io import StringIO
from pathlib import Path

from django.core.management import call_command

from apps.orders.models import Order
from apps.products.operations import create_product
from conftest import Api
from faults.clients import Answers
from faults.crowd import Crowd
from faults.server import Server
from faults.shop import Shop
from tests.backups.conftest import default_database, present_url, restore

CLIENTS = 2


async def back_up_under_load(
    shop: Shop, products: list[int], directory: Path
) -> tuple[Answers, set[str]]:
    """The answers to a crowd, and the keys of the orders placed before the backup began."""
    async with (
        Server(shop) as server,
        Crowd(server.port, server.secret, CLIENTS, products) as crowd,
    ):
        await crowd.flow(20)
        before = {*crowd.answers.placed}
        await asyncio.to_thread(shop.manage, "backup", str(directory))
        assert len(crowd.answers.placed) > len(before)
        await crowd.flow(20)  # so that there is something which the backup must not have
    assert crowd.answers.statuses.keys() == {201}
    return crowd.answers, before


def test_a_backup_of_a_busy_shop(api: Api, tmp_path: Path, empty_database: str) -> None:
    products = [
        create_product(name=f"Mug {number}", price="9.99", stock_quantity=1_000_000).pk
        for number in range(3)
    ]
    shop = Shop(present_url(), str(api.secret))
    answers, before = asyncio.run(back_up_under_load(shop, products, tmp_path))
    (backup,) = tmp_path.iterdir()
    with default_database(empty_database):
        restore(backup)
        stored = dict(Order.objects.values_list("idempotency_key", "first_answer"))
        said = StringIO()
        call_command("reconcile", stdout=said)
    assert before <= stored.keys() < answers.placed.keys()
    assert {key: answers.placed[key].decode() for key in stored} == stored
    assert said.getvalue() == "The books are right.\n"
