"""SIGKILL the housekeeper beside the workers; the server must start another."""

import asyncio
import os
import signal
import time

import psycopg

from benchmarks.servers import BenchmarkError
from faults.server import Server
from faults.storm import Fault
from faults.waiting import MAX_WAIT_SECONDS, until

SWEEPING = """
    SELECT 1 FROM pg_stat_activity
    WHERE state <> 'idle' AND query LIKE '%ORDER BY o.held_until LIMIT $%'
"""
"""Whether a transaction has just locked the expired holds that it is going to take back."""


def killed_in_its_sweep(url: str) -> Fault:
    """Kill the housekeeper of a server on PostgreSQL amid a transaction that takes holds back."""

    async def strike(server: Server) -> list[str]:
        await asyncio.to_thread(_wait_for_sweep, url)
        return await killed_housekeeper(server)

    return strike


async def killed_housekeeper(server: Server) -> list[str]:
    """Kill the housekeeper at any time and wait until the server has started another."""
    housekeeper = server.housekeeper_pids()[-1]
    os.kill(housekeeper, signal.SIGKILL)
    await until(lambda: server.housekeeper_pids()[-1] != housekeeper, "another housekeeper")
    return []


def _wait_for_sweep(url: str) -> None:
    end = time.monotonic() + MAX_WAIT_SECONDS
    with psycopg.connect(url, autocommit=True) as session:
        while not session.execute(SWEEPING.encode()).fetchone():
            if time.monotonic() > end:
                raise BenchmarkError("The housekeeper took no hold back.")
