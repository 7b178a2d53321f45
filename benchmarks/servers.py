"""Start server processes, wait until they are ready, measure their processor time, stop them."""

import http.client
import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import psutil

ROOT = Path(__file__).resolve().parent.parent
HOST = "127.0.0.1"
START_SECONDS = 30
STOP_SECONDS = 40
LOG_TAIL = 4_000


class BenchmarkError(Exception):
    """A measurement failed. The message says why."""


class ServerProcess:
    """A running server and its children. `port`, `pid` and `log` are read-only."""

    def __init__(self, process: "subprocess.Popen[bytes]", port: int, log: IO[bytes]) -> None:
        self._process = process
        self._log = log
        self.port = port
        self.pid = process.pid

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def log(self) -> str:
        """The end of the server's output."""
        self._log.seek(max(0, os.fstat(self._log.fileno()).st_size - LOG_TAIL))
        return self._log.read().decode(errors="replace")

    def cpu_seconds(self) -> float:
        """The processor time that the server has used so far; see `cpu_seconds`."""
        return cpu_seconds(psutil.Process(self.pid))

    def wait_until_it_answers(self, path: str) -> None:
        """Wait for the first response below 500, or raise BenchmarkError with the log."""
        end = time.monotonic() + START_SECONDS
        while not _answers(self.port, path):
            self.check()
            if time.monotonic() > end:
                raise BenchmarkError(
                    f"The server did not respond within {START_SECONDS} seconds:\n{self.log}"
                )
            time.sleep(0.05)

    def check(self) -> None:
        """Raise BenchmarkError, with the log, if the process has ended."""
        if (status := self._process.poll()) is not None:
            raise BenchmarkError(f"The server ended with status {status}:\n{self.log}")

    def stop(self) -> None:
        """Terminate the server. If it does not end, kill its process group."""
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self.pid, signal.SIGKILL)
            self._process.wait()


@contextmanager
def serve(
    command: Sequence[str],
    *,
    port: int,
    env: Mapping[str, str],
    ready: str = "/",
    cwd: Path = ROOT,
) -> Iterator[ServerProcess]:
    """Run `command` in its own process group until the block ends.

    port: where it listens on 127.0.0.1. env: added to the environment.
    ready: a path whose response is below 500 when the server is ready. cwd: where it runs.
    Raises BenchmarkError if the server does not start.
    """
    with tempfile.TemporaryFile(prefix="tradepost-bench-") as log:
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env=os.environ | env,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        server = ServerProcess(process, port, log)
        try:
            server.wait_until_it_answers(ready)
            yield server
            server.check()
        finally:
            server.stop()


def run(
    command: Sequence[str], *, env: Mapping[str, str], stdin: str = "", cwd: Path = ROOT
) -> str:
    """Run a command in `cwd` and return its output. Raises BenchmarkError if it fails."""
    done = subprocess.run(
        command,
        cwd=cwd,
        env=os.environ | env,
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise BenchmarkError(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def free_port() -> int:
    """A port of 127.0.0.1 that nothing listens on."""
    with socket.create_server((HOST, 0)) as free:
        port: int = free.getsockname()[1]
    return port


def cpu_seconds(process: psutil.Process) -> float:
    """The user and system time of a process and all its descendants, including ended ones.

    A process's own times include its ended children, so only living ones are added (getrusage(2),
    RUSAGE_CHILDREN).
    """
    seconds = 0.0
    for each in [process, *process.children(recursive=True)]:
        try:
            times = each.cpu_times()
        except psutil.NoSuchProcess:  # it has ended; its parent's times include it
            continue
        seconds += times.user + times.system + times.children_user + times.children_system
    return seconds


def _answers(port: int, path: str) -> bool:
    client = http.client.HTTPConnection(HOST, port, timeout=START_SECONDS)
    try:
        client.request("GET", path)
        return client.getresponse().status < 500
    except OSError:
        return False
    finally:
        client.close()
