"""Large bodies wait on disk, within limits, and leave nothing there."""

import asyncio
from collections.abc import Iterable
from tempfile import TemporaryFile
from typing import Any

import pytest

from monoservices.api.problems import (
    Malformed,
    Problem,
    TooLarge,
    Unavailable,
)
from monoservices.server import body as body_module
from monoservices.server import holding
from monoservices.server.asgi import Message
from monoservices.server.body import SMALL
from monoservices.server.pacing import Throttle
from monoservices.tests.server.bodies import (
    CHUNKED,
    GONE,
    HALF,
    LARGE,
    MIB,
    NOTHING,
    Sender,
    announced,
    during,
    fails,
)
from tests.asgi import request_parts


@pytest.fixture
def on_disk(monkeypatch: pytest.MonkeyPatch) -> Iterable[list[Any]]:
    """The files of bodies, which begin at SMALL bytes. All must be closed at the end."""
    files: list[Any] = []

    def remember(**options: Any) -> Any:
        files.append(TemporaryFile(**options))  # noqa: SIM115 - its closing is tested
        return files[-1]

    monkeypatch.setattr(holding, "TemporaryFile", remember)
    monkeypatch.setattr(holding, "IN_MEMORY", SMALL)
    yield files
    assert all(file.closed for file in files)


@pytest.mark.parametrize("headers", [CHUNKED, announced(3 * HALF)])
def test_a_larger_body_is_a_file_at_its_beginning(
    headers: list[tuple[str, str]], on_disk: list[Any]
) -> None:
    sender = Sender()
    body, held = asyncio.run(sender.send(headers, request_parts(*LARGE)))
    assert not isinstance(body, bytes)
    assert (body.tell(), body.read(), body.name) == (0, b"".join(LARGE), body.fileno())
    assert (len(on_disk), sender.taken) == (1, (0, 0, 3 * HALF))
    assert held is not None
    held.close()
    held.close()
    assert sender.taken == NOTHING


def test_what_goes_to_the_disk_is_throttled(on_disk: list[Any]) -> None:
    class Recorder(Throttle):
        def delay(self, now: float, *, turns: int = 1) -> float:
            written.append(turns)
            return super().delay(now, turns=turns)

    written: list[int] = []
    sender = Sender()
    sender.intake._disk = Recorder(body_module.DISK_BYTES_PER_SECOND, at_once=MIB)
    parts = request_parts(b"x" * HALF, b"x" * HALF, b"x" * 7, b"x" * HALF)
    _, held = asyncio.run(sender.send(CHUNKED, parts, limit=2 * MIB))
    assert written == [7, HALF]
    assert held is not None
    held.close()


def test_all_files_at_once_arrive_fast_enough() -> None:
    assert body_module.DISK_BYTES_PER_SECOND == 8 * MIB
    files = body_module.CALLERS_DISK / holding.IN_MEMORY
    assert body_module.DISK_BYTES_PER_SECOND / files >= body_module.BYTES_PER_SECOND


def test_past_the_room_on_disk_none_is_read(
    monkeypatch: pytest.MonkeyPatch, on_disk: list[Any]
) -> None:
    monkeypatch.setattr(body_module, "CALLERS_DISK", 4 * HALF)
    sender = Sender()

    async def full() -> None:
        assert sender.taken == (0, 0, 3 * HALF)
        for headers, left in ((CHUNKED, 0), (announced(3 * HALF), 3)):
            with pytest.raises(Unavailable):
                await sender.send(headers, request_parts(*LARGE))
            assert (sender.left, sender.taken) == (left, (0, 0, 3 * HALF))
        # Smaller bodies are read all the same.
        body, held = await sender.send(CHUNKED, request_parts(b"x" * HALF, b"x" * HALF))
        assert (body, held) == (b"x" * SMALL, None)

    [(_, held)] = during(sender, 1, [*LARGE, b""], full)
    assert held is not None
    held.close()
    assert sender.taken == NOTHING


@pytest.mark.parametrize(
    ("last", "error"),
    [
        (GONE, Malformed),
        ({"type": "http.request", "body": b"x" * MIB}, TooLarge),
    ],
)
def test_nothing_stays_of_a_file_that_is_not_finished(
    on_disk: list[Any], last: Message, error: type[Problem]
) -> None:
    messages = [message | {"more_body": True} for message in map(dict, request_parts(*LARGE))]
    fails(error, CHUNKED, [*messages, last], MIB)
    assert len(on_disk) == 1


@pytest.mark.parametrize("fails_at", ["open", "write", "third write"])
def test_a_full_disk_is_said_and_nothing_stays(
    monkeypatch: pytest.MonkeyPatch, on_disk: list[Any], fails_at: str
) -> None:
    make: Any = vars(holding)["TemporaryFile"]

    def full(**options: Any) -> Any:
        if fails_at == "open":
            raise OSError(28, "No space left on device")
        return FullFile(make(**options), 0 if fails_at == "write" else 2)

    monkeypatch.setattr(holding, "TemporaryFile", full)
    problem = fails(Unavailable, CHUNKED, request_parts(*LARGE), MIB)
    assert problem.detail.startswith("The server cannot keep a body of this size now.")
    assert len(on_disk) == (0 if fails_at == "open" else 1)


class FullFile:
    """A file on a disk that is full after `writes`, each of which writes a little less."""

    def __init__(self, file: Any, writes: int) -> None:
        self._file, self._writes = file, writes

    def write(self, data: memoryview) -> int:
        if not self._writes:
            raise OSError(28, "No space left on device")
        self._writes -= 1
        written: int = self._file.write(data[:-1])
        return written

    def close(self) -> None:
        self._file.close()
