"""`manage.py serve` as a process of its own, to be killed."""

import asyncio
import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Self

from benchmarks.faults.shop import ROOT, SETTINGS, Shop

PATIENCE = 60
"""Seconds in which a server starts or ends, or something is wrong."""


class Server:
    """`manage.py serve` on a free port of 127.0.0.1, in a process group of its own.

    url: the database as the server reaches it, where that is not the shop's own address.
    """

    def __init__(self, shop: Shop, *, workers: int = 1, url: str = "") -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        self.secret = shop.secret
        self._environment = os.environ | SETTINGS | {"DATABASE_URL": url or shop.url}
        self._workers = workers
        self._directory = tempfile.TemporaryDirectory(prefix="tradepost-server-")
        self._log = Path(self._directory.name) / "log"

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.kill()
        self._directory.cleanup()

    async def start(self) -> None:
        """Return when the server answers."""
        arguments = ["serve", "--port", str(self.port), "--workers", str(self._workers)]
        with self._log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", *arguments],
                cwd=ROOT,
                env=self._environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            await self._wait(self._answers)
        except BaseException:
            await self.kill()
            raise

    async def kill(self) -> None:
        """SIGKILL to every process of the server; return when all of them are gone."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        # Workers are not our children: they are gone when nobody listens any more.
        await self._wait(lambda: self.process.poll() is not None and not self._listens())

    async def terminate(self) -> int:
        """SIGTERM to the server, which is to stop its workers; return its exit status."""
        self.process.terminate()
        await self._wait(lambda: self.process.poll() is not None)
        return self.process.wait()

    def worker_pids(self) -> list[int]:
        """The ids of the processes that the server says it has started, the newest last."""
        return [int(pid) for pid in re.findall(r"Spawning worker-\d+ with PID: (\d+)", self.log())]

    def log(self) -> str:
        return self._log.read_text()

    def _answers(self) -> bool:
        if self.process.poll() is not None:
            raise RuntimeError(f"The server ended:\n{self.log()}")
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            client.request("GET", "/readyz")
            return client.getresponse().status == 200
        except OSError:
            return False
        finally:
            client.close()

    def _listens(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port)).close()
        except ConnectionRefusedError:
            return False
        except ConnectionResetError:  # it was there a moment ago
            return True
        return True

    async def _wait(self, condition: Callable[[], bool]) -> None:
        """Ask in a thread, so that whoever the server needs in this process goes on."""
        end = time.monotonic() + PATIENCE
        while not await asyncio.to_thread(condition):
            if time.monotonic() > end:
                raise TimeoutError(f"The server does not do what it should:\n{self.log()}")
            await asyncio.sleep(0.02)
