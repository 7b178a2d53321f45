"""A Debian that systemd boots in a root directory, in a network of its own."""

import ctypes
import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Self, TypeVar

from tests.deploy.roots import NO_DAEMONS, PATH, WITH_PARENT, opened, run, until_it_works

BOOT_SECONDS = 90
_CLONE_NEWNET = 0x40000000
_NAMESPACES = ("--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup", "--root")

Result = TypeVar("Result")


class Machine:
    """A booted root directory, during a `with` block."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def __enter__(self) -> Self:
        (self.root / NO_DAEMONS).unlink(missing_ok=True)
        self._console = tempfile.TemporaryFile("w+")
        self._leader: int | None = None
        boot = ["systemd-nspawn", "--boot", "--private-network", "--register=no", "--keep-unit"]
        self._nspawn = subprocess.Popen(
            [*opened(self.root), *boot, "--machine=tradepost", f"--directory={self.root}"],
            stdin=subprocess.DEVNULL,
            stdout=self._console,
            stderr=subprocess.STDOUT,
        )
        try:
            self._leader = self._wait_until_booted()
            until_it_works(lambda: self.run("systemctl is-active multi-user.target"))
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        # Everything in the machine ends with its first process, which outlives systemd-nspawn.
        if self._leader is not None:
            with suppress(ProcessLookupError):
                os.kill(self._leader, signal.SIGKILL)
        self._nspawn.kill()
        self._nspawn.wait()
        self._console.close()

    def run(self, script: str) -> str:
        """Run a shell script as root and return what it printed. Raises CommandFailed."""
        enter = ["nsenter", f"--target={self._leader}", *_NAMESPACES, "--wd"]
        shell = ["bash", "-eu", "-o", "pipefail", "-c", f"cd\n{script}"]
        return run(
            [*WITH_PARENT, *enter, *shell], {"PATH": PATH, "HOME": "/root", "LANG": "C.UTF-8"}
        )

    def in_its_network(self) -> list[str]:
        """What to put before a program that uses the network of the machine, and nothing else."""
        return ["nsenter", f"--net=/proc/{self._leader}/ns/net"]

    def call(self, function: Callable[[], Result]) -> Result:
        """Call a function in a thread that uses the network of the machine."""
        results: list[Result] = []
        errors: list[BaseException] = []

        def enter_and_call() -> None:
            try:
                self._enter_network()
                results.append(function())
            except BaseException as error:
                errors.append(error)

        thread = threading.Thread(target=enter_and_call)
        thread.start()
        thread.join()
        if errors:
            raise errors[0]
        return results[0]

    def _enter_network(self) -> None:
        """Move this thread, and the threads that it starts, into the machine's network."""
        network = os.open(f"/proc/{self._leader}/ns/net", os.O_RDONLY)
        try:
            if ctypes.CDLL(None, use_errno=True).setns(network, _CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "setns")
        finally:
            os.close(network)

    def _wait_until_booted(self) -> int:
        """The process id of the machine's systemd, as this machine sees it."""
        nspawn = self._nspawn.pid
        end = time.monotonic() + BOOT_SECONDS
        while time.monotonic() < end and self._nspawn.poll() is None:
            children = Path(f"/proc/{nspawn}/task/{nspawn}/children").read_text().split()
            for child in children:
                if Path(f"/proc/{child}/comm").read_text() == "systemd\n":
                    return int(child)
            time.sleep(0.05)
        self._console.seek(0)
        raise TimeoutError(f"The machine did not boot:\n{self._console.read()}")


def child_of(process: int) -> int:
    """The process id of the only child of a process, which `unshare` waits for."""
    (child,) = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return int(child)
