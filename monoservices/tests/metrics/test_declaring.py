"""What was added is counted exactly, in bulk, and by the process that it was added in."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from monoservices.metrics import Counter, Gauge, Histogram
from monoservices.metrics.declaring import AT_ONCE
from monoservices.tests.metrics.reading import buckets, growth, samples


def test_a_counter_grows_by_what_is_added() -> None:
    apples = Counter("test_apples_total", "Apples.", labels=("kind",))
    apples.of("red").add()
    apples.of("red").extend([2, 3])
    apples.of("green")  # nothing was added
    assert growth({}, "test_apples_total") == {"red": 6}
    apples.of("red").add()
    assert samples()["test_apples_total", "red"] == 7


def test_a_value_is_in_the_first_bucket_that_it_does_not_exceed() -> None:
    sizes = Histogram("test_sizes", "Sizes.", buckets=(1, 2, 4))
    sizes.of().extend([0, 1, 1.5, 2, 4, 5, 100])
    assert buckets("test_sizes") == {"1.0": 2, "2.0": 4, "4.0": 5, "+Inf": 7}
    assert samples()["test_sizes_sum", ""] == 113.5
    sizes.of().add(3)
    assert buckets("test_sizes") == {"1.0": 2, "2.0": 4, "4.0": 6, "+Inf": 8}


PROGRAM = """
import sys
from monoservices.metrics import Histogram
from monoservices.tests.metrics.reading import exposition
sizes = Histogram("sizes", "Sizes.", buckets=(1, 2, 4))
sizes.of().extend(map(float, sys.argv[1:]))
print(exposition().decode())
"""


def test_several_processes_fill_the_same_buckets(tmp_path: Path) -> None:
    def run(*values: str) -> dict[str, float]:
        environment = os.environ | {"METRICS_DIRECTORY": str(tmp_path)}
        command = [sys.executable, "-c", PROGRAM, *values]
        text = subprocess.run(command, env=environment, check=True, capture_output=True).stdout
        return buckets("sizes", text)

    assert run("0", "1.5", "2") == {"1.0": 1, "2.0": 3, "4.0": 3, "+Inf": 3}
    assert run("1", "4", "5", "100") == {"1.0": 2, "2.0": 4, "4.0": 5, "+Inf": 7}
    assert run() == {"1.0": 2, "2.0": 4, "4.0": 5, "+Inf": 7}


def test_a_sample_is_the_sum_over_the_objects_that_live() -> None:
    class Basket:
        def __init__(self, content: int) -> None:
            self.content = content

    held = Gauge("test_held", "What is held.", labels=("by",))
    one, two = Basket(2), Basket(5)
    for basket in (one, two):
        held.watch(basket, lambda basket: basket.content, "shop")
    assert growth({}, "test_held") == {"shop": 7}
    one.content = 0
    assert growth({}, "test_held") == {"shop": 5}
    del two, basket
    assert samples()["test_held", "shop"] == 0


def test_memory_stays_flat() -> None:
    sizes = Histogram("test_flat", "Flat.", buckets=(1, 2)).of()
    for number in range(10 * AT_ONCE):
        sizes.add(number % 3)
        assert len(sizes._pending) < AT_ONCE
    sizes.extend([1.5] * 10 * AT_ONCE)
    assert len(sizes._pending) == 0
    assert sizes.fold()[1:] == buckets_of(10 * AT_ONCE)


def buckets_of(count: int) -> list[float]:
    """For the numbers 0, 1, 2, 0, 1, 2, …, count of them, and for 1.5 as often."""
    return [sum(number % 3 < 2 for number in range(count)), count + count // 3, 0]


def test_threads_lose_nothing() -> None:
    added = Counter("test_threads_total", "Threads.").of()
    rounds = 20 * AT_ONCE

    def work(_: int) -> None:
        for number in range(rounds):
            added.add()
            if number % 100 == 0:
                added.fold()

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(work, range(4)))
    assert growth({}, "test_threads_total") == {"": 4 * rounds}


def test_a_value_that_is_no_number_spoils_nothing(caplog: pytest.LogCaptureFixture) -> None:
    series = Counter("test_lost_total", "Lost.").of()
    series.add(1)
    series.fold()
    wrong: Any = "one"
    series.extend([1, wrong])
    series.fold()
    [record] = caplog.records
    assert record.getMessage() == "test_lost_total: 2 values are lost"
    series.add(3)
    assert growth({}, "test_lost_total") == {"": 4}


FORKING = """
import os
from monoservices.metrics import Counter
from monoservices.tests.metrics.reading import exposition
forked = Counter("forked_total", "Forked.").of()
forked.add(5)
child = os.fork()
if child:
    os.waitpid(child, 0)
else:
    forked.add(2)
[line] = [line for line in exposition().decode().splitlines() if line.startswith("forked")]
print(line, flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="has no fork")
def test_a_forked_process_does_not_count_what_its_parent_counted() -> None:
    # In a process that has no threads, as every fork had better be.
    done = subprocess.run([sys.executable, "-c", FORKING], check=True, capture_output=True)
    assert done.stdout.split() == [b"forked_total", b"2.0", b"forked_total", b"5.0"]
