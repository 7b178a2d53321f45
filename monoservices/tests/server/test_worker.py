"""How a worker sets its interpreter, for as long as it lives."""

import ctypes
import gc
import subprocess
import sys

import pytest

from monoservices.server.worker import GARBAGE, SWITCH_SECONDS, tuned_interpreter


def state() -> tuple[float, tuple[int, int, int], int]:
    return sys.getswitchinterval(), gc.get_threshold(), gc.get_freeze_count()


def test_the_interpreter_is_tuned_and_afterwards_as_before() -> None:
    before = state()
    with tuned_interpreter():
        interval, thresholds, frozen = state()
    assert interval == pytest.approx(SWITCH_SECONDS)
    assert thresholds == (GARBAGE, *before[1][1:])
    assert frozen > 100_000  # Django and all that is loaded
    assert state() == before
    assert before[0] > SWITCH_SECONDS
    assert before[1][0] < GARBAGE


COUNT_LARGE_BLOCKS = """
import ctypes
from monoservices.server.worker import LARGE_BLOCK, tuned_interpreter

class Mallinfo(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in (
        "arena", "ordblks", "smblks", "hblks", "hblkhd",
        "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost",
    )]

mallinfo = ctypes.CDLL(None).mallinfo2
mallinfo.restype = Mallinfo
with tuned_interpreter():
    bytearray(8 * LARGE_BLOCK)  # freed at once, which would raise the limit
    before = mallinfo().hblks
    blocks = [bytearray(2 * LARGE_BLOCK) for _ in range(10)]
    print(mallinfo().hblks - before)
"""


@pytest.mark.skipif(
    sys.platform != "linux" or not hasattr(ctypes.CDLL(None), "mallinfo2"),
    reason="only glibc 2.33 and later can tell",
)
def test_large_blocks_come_from_the_system_and_go_back() -> None:
    """Whatever was freed before."""
    command = [sys.executable, "-c", COUNT_LARGE_BLOCKS]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (run.stdout.strip(), run.stderr) == ("10", "")
