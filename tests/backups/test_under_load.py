"""A backup of a shop that takes orders has every order acknowledged before, and balances."""

import asyncio
from pathlib import Path

from faults.clients import Answers
from faults.crowd import Crowd
from faults.server import Server
from faults.shop import Shop
from tests.conftest import MakeDatabase

PRODUCTS = [1, 2, 3]
MANY = 1_000_000
CLIENTS = 8


async def back_up_under_load(shop: Shop, directory: Path) -> tuple[Answers, set[str], Path]:
    """The answers to a crowd, the keys of orders placed before the backup, and the backup."""
    async with (
        Server(shop) as server,
        Crowd(server.port, server.secret, CLIENTS, PRODUCTS) as crowd,
    ):
        await crowd.flow(50)
        before = {*crowd.answers.placed}
        backup = await asyncio.to_thread(shop.manage, "backup", str(directory))
        after = len(crowd.answers.placed)
        await crowd.flow(50)  # so that there is something which the backup must not have
    assert after > len(before)
    assert crowd.answers.statuses.keys() == {201}
    return crowd.answers, before, Path(backup.stdout.removesuffix("\n"))


def test_a_backup_of_a_busy_shop(make_database: MakeDatabase, tmp_path: Path) -> None:
    shop = Shop.fill(make_database("backups_busy", ""), [MANY] * len(PRODUCTS))
    answers, before, backup = asyncio.run(back_up_under_load(shop, tmp_path))
    restored = Shop(make_database("backups_of_busy", ""), shop.secret)
    restored.manage("restore", str(backup))
    rows = restored.query("SELECT idempotency_key, first_answer FROM orders_order")
    stored = {key: answer.encode() for key, answer in rows}
    assert before <= stored.keys() < answers.placed.keys()
    assert {key: answers.placed[key] for key in stored} == stored
    assert restored.manage("reconcile").stdout == "The books are right.\n"
