"""Signals to end reach the process that starts workers, and workers start, at any moment."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from granian.server import Server

from monoservices.server.supervisor import Interrupt

ROOT = Path(__file__).resolve().parents[3]

SIGNALS_WHILE_IT_WAITS = """
import signal
import sys
import threading

from monoservices.server.supervisor import Interrupt

interrupt = Interrupt(lambda: False) if sys.argv[1] == "ours" else threading.Event()
signal.signal(signal.SIGALRM, lambda *_: interrupt.set())
signal.setitimer(signal.ITIMER_REAL, 0.001, 0.0002)
for _ in range(10_000):
    interrupt.wait()
    interrupt.clear()
signal.setitimer(signal.ITIMER_REAL, 0)
"""

FORK_WITHIN_A_LOG_LINE = """
import fcntl
import logging
import os
import sys
import threading

from monoservices.server.supervisor import fork_between_log_lines

read, write = os.pipe()
size = fcntl.fcntl(write, fcntl.F_SETPIPE_SZ, 4096)
os.write(write, bytes(size))  # so that the next line waits
logging.basicConfig(stream=open(write, "w"), level="INFO")
if sys.argv[1] == "ours":
    fork_between_log_lines()
thread = threading.Thread(target=logging.info, args=["a line"], daemon=True)
thread.start()
thread.join(0.1)
assert thread.is_alive()
threading.Timer(0.2, os.read, [read, size]).start()
if worker := os.fork():
    thread.join()
    os.read(read, size)  # room for the worker's line
    os.waitpid(worker, 0)
else:
    threading.Event().wait(0.4)
    logging.info("a line of the worker")
    os._exit(0)
"""


def ends(script: str, which: str, seconds: float) -> bool:
    """Whether the script ends by itself and well."""
    command = [sys.executable, "-c", script, which]
    with subprocess.Popen(
        command, cwd=ROOT, stderr=subprocess.DEVNULL, start_new_session=True
    ) as process:
        try:
            return process.wait(seconds) == 0
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)  # its worker, too
            return False


def test_a_signal_may_come_at_any_moment_of_a_wait() -> None:
    assert ends(SIGNALS_WHILE_IT_WAITS, "ours", 60)
    assert not ends(SIGNALS_WHILE_IT_WAITS, "control", 60)  # handlers wait within handlers


@pytest.mark.skipif(sys.platform != "linux", reason="it makes a pipe small")
def test_a_worker_does_not_inherit_the_lock_of_a_log_line() -> None:
    assert ends(FORK_WITHIN_A_LOG_LINE, "ours", 60)
    assert not ends(FORK_WITHIN_A_LOG_LINE, "control", 3)


def test_a_signal_is_not_forgotten_when_a_worker_is_replaced() -> None:
    server: Any = Server("module:application")
    ours = Interrupt(lambda: server.interrupt_signal)
    for interrupt, expected in ((server.main_loop_interrupt, False), (ours, True)):
        server.interrupt_signal = False
        interrupt.set()  # a worker has died
        interrupt.clear()
        assert not interrupt.is_set()
        server.main_loop_interrupt = interrupt
        server.signal_handler_interrupt()
        interrupt.clear()
        assert interrupt.is_set() == expected


def test_a_wait_leaves_it_set() -> None:
    interrupt = Interrupt(lambda: False)
    threading.Timer(0.05, interrupt.set).start()
    interrupt.wait()
    assert interrupt.is_set()
    interrupt.clear()
    assert not interrupt.is_set()
