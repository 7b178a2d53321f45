"""Holds bodies while they arrive and wait, in memory and on disk.

All requests of a worker share the room for them, so that it is bounded however many connections
there are.
"""

import io
import logging
from tempfile import TemporaryFile

from monoservices.api.problems import Unavailable
from monoservices.server.asgi import Body

IN_MEMORY = 1024 * 1024
"""How many bytes of one body may be in memory. A larger body is a file."""

logger = logging.getLogger(__name__)


class Room:
    """How many bytes of bodies can still be held, in memory and on disk."""

    def __init__(self, *, memory: int, disk: int = 0) -> None:
        self.memory = memory
        self.disk = disk

    def expect(self, length: int) -> None:
        """Raise Unavailable if there is no room for a body of `length` bytes now."""
        if length > (self.memory if length <= IN_MEMORY else self.disk):
            raise _full()


class Holding:
    """What has arrived of one body. It takes its bytes from `room` until it is closed.

    size: how many bytes have arrived.
    """

    def __init__(self, room: Room) -> None:
        self.size = 0
        self._room = room
        self._memory = bytearray()
        self._memory_taken = self._disk_taken = 0
        self._file: io.FileIO | None = None

    def move(self, room: Room) -> None:
        """Take the bytes from another room, before there is a file. Raises Unavailable."""
        self._give_memory()
        self._room = room
        self._take_memory(self.size)

    def add(self, part: bytes) -> None:
        """Hold `part` too. Raises Unavailable if the room or the disk is full."""
        if self.size + len(part) <= IN_MEMORY:
            self._take_memory(len(part))
            self._memory += part
        else:
            if self._file is None:
                self._write(self._memory)
                self._memory = bytearray()
                self._give_memory()
            self._write(part)
        self.size += len(part)

    @property
    def is_file(self) -> bool:
        """Whether it is on disk."""
        return self._file is not None

    def finish(self) -> Body:
        """Return the whole body, which counts until `close`."""
        if self._file is not None:
            self._file.seek(0)
            return io.BufferedReader(self._file)
        body, self._memory = bytes(self._memory), bytearray()
        return body

    def close(self) -> None:
        """Give the room back, and delete the file."""
        self._memory = bytearray()
        self._give_memory()
        self._room.disk += self._disk_taken
        self._disk_taken = 0
        if self._file is not None:
            self._file.close()

    def _take_memory(self, count: int) -> None:
        if count > self._room.memory:
            raise _full()
        self._room.memory -= count
        self._memory_taken += count

    def _give_memory(self) -> None:
        self._room.memory += self._memory_taken
        self._memory_taken = 0

    def _write(self, part: bytes | bytearray) -> None:
        if len(part) > self._room.disk:
            raise _full()
        self._room.disk -= len(part)
        self._disk_taken += len(part)
        rest = memoryview(part)
        try:
            if self._file is None:
                # Without a buffer, closing the file writes nothing, which would fail again.
                self._file = TemporaryFile(buffering=0)  # noqa: SIM115
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError as error:
            logger.warning("cannot keep a request's body in a file: %s", error)
            raise Unavailable(
                "The server cannot keep a body of this size now. Nothing was done; try again."
            ) from None


def _full() -> Unavailable:
    return Unavailable("Too many large requests are being received. Nothing was done; try again.")
