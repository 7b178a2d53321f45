"""What was added is written exactly, in bulk, and by the process that it was added in."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from monoservices.metrics import Counter, Gauge, Histogram, prometheus
from monoservices.metrics.declaring import AT_ONCE, Metric
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
        environment = os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
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


def _spied(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    written: list[tuple[str, int]] = []

    def write(metric: Metric, labels: tuple[str, ...], values: Sequence[float]) -> None:
        written.append((metric.name, len(values)))

    monkeypatch.setattr(prometheus, "write", write)
    return written


def test_only_so_many_values_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    written = _spied(monkeypatch)
    series = Counter("test_waiting_total", "Waiting.").of()
    for _ in range(AT_ONCE - 1):
        series.add()
    assert written == []
    series.add()
    assert written == [("test_waiting_total", AT_ONCE)]
    series.extend([1] * AT_ONCE)
    assert written[1:] == [("test_waiting_total", AT_ONCE)]
    series.flush()
    assert len(written) == 2


def test_a_number_that_cannot_be_written_spoils_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise OSError("No space left on device")

    series = Counter("test_lost_total", "Lost.").of()
    series.add()
    with monkeypatch.context() as patch:
        patch.setattr(prometheus, "write", fail)
        series.flush()
    assert [record.getMessage() for record in caplog.records] == ["test_lost_total was not written"]
    series.add(3)
    assert growth({}, "test_lost_total") == {"": 3}


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
def test_a_forked_process_does_not_write_what_waited_in_its_parent() -> None:
    # In a process that has no threads, as every fork had better be.
    done = subprocess.run([sys.executable, "-c", FORKING], check=True, capture_output=True)
    assert done.stdout.split() == [b"forked_total", b"2.0", b"forked_total", b"5.0"]
