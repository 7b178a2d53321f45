"""`manage.py serve` in a separate process that can be killed."""

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Self

from benchmarks.servers import HOST, LOG_TAIL, ROOT, BenchmarkError, free_port
from faults.shop import SETTINGS, Shop
from faults.waiting import until
from faults.wire import Connection, request

ANSWER_SECONDS = 5


class Server:
    """`manage.py serve` on a free port of 127.0.0.1, in its own process group.

    url: the URL by which the server reaches the shop's database; default: the shop's own URL.
    scratch: the server's directory for temporary files; default: the machine's.
    open_files: how many each process may have; default: as many as this process.
    killed: ids of workers that a fault has killed, or that have ended with the server.
    """

    def __init__(
        self,
        shop: Shop,
        *,
        workers: int = 1,
        url: str = "",
        scratch: Path | None = None,
        open_files: int | None = None,
    ) -> None:
        self.port = free_port()
        self.killed: set[int] = set()
        self.secret = shop.secret
        self._environment = os.environ | SETTINGS | {"DATABASE_URL": url or shop.url}
        if scratch is not None:
            self._environment["TMPDIR"] = str(scratch)
        self._arguments = [f"--port={self.port}", f"--workers={workers}"]
        self._limit = ["sh", "-c", f'ulimit -n {open_files} && exec "$@"', "sh"]
        if open_files is None:
            self._limit = []
        self._directory = tempfile.TemporaryDirectory(prefix="tradepost-server-")
        self._log = Path(self._directory.name) / "log"

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.kill()
        self._directory.cleanup()

    async def start(self) -> None:
        """Start the server and wait until it is ready."""
        self.process = self._spawn()
        try:
            await self.wait_until_ready()
        except BaseException:
            await self.kill()
            raise

    async def wait_until_ready(self) -> None:
        """Wait until `/readyz` says so. Raises BenchmarkError if the server has ended."""
        await until(self._is_ready, f"the server:\n{self.end_of_log()}")

    async def kill(self) -> None:
        """SIGKILL every process of the server and wait until all have ended."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        await self._ended()
        # The workers are not our children. They have ended when nothing listens on the port.
        await until(lambda: not self._listens(), "the port to be free")

    async def terminate(self) -> int:
        """SIGTERM the server, which stops its workers. Return its exit status."""
        self.process.terminate()
        return await self._ended()

    def worker_pids(self) -> list[int]:
        """The ids of the workers that the server has logged, the newest last."""
        return [int(pid) for pid in re.findall(r"Spawning worker-\d+ with PID: (\d+)", self.log())]

    def housekeeper_pids(self) -> list[int]:
        """The ids of the housekeepers that the server has logged, the newest last."""
        return [int(pid) for pid in re.findall(r"Spawning housekeeper with PID: (\d+)", self.log())]

    def log(self) -> str:
        return self._log.read_text()

    def end_of_log(self) -> str:
        return self.log()[-LOG_TAIL:]

    def tracebacks(self) -> str:
        """The entries of the log that have a traceback."""
        entries = re.split(r"^(?=\d{4}-\d\d-\d\d )", self.log(), flags=re.MULTILINE)
        return "".join(entry for entry in entries if "Traceback" in entry)

    def _spawn(self) -> "subprocess.Popen[bytes]":
        with self._log.open("a") as log:
            return subprocess.Popen(
                [*self._limit, sys.executable, "manage.py", "serve", *self._arguments],
                cwd=ROOT,
                env=self._environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    async def _is_ready(self) -> bool:
        if self.process.poll() is not None:
            raise BenchmarkError(f"The server ended:\n{self.end_of_log()}")
        try:
            connection = await Connection.open(self.port)
            async with asyncio.timeout(ANSWER_SECONDS):
                response = await connection.send(request("GET", "/readyz", self.secret))
        except OSError:
            return False
        connection.close()
        return response.status == 200

    def _listens(self) -> bool:
        try:
            socket.create_connection((HOST, self.port)).close()
        except ConnectionRefusedError:
            return False
        except ConnectionResetError:  # something listened a moment ago
            return True
        return True

    async def _ended(self) -> int:
        await until(lambda: self.process.poll() is not None, "the server to end")
        return self.process.wait()
