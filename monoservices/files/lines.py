"""Reads lines of text from a stream of bytes, in constant memory whatever it contains."""

import codecs
import io
from collections.abc import Iterator

MAX_RECORD = 128 * 1024
"""How many bytes a record may have: a line of JSON, or a row of CSV with all of its lines.

Python's csv module has the same limit for a cell, so no other limit is met first.
"""


class RecordTooLong(Exception):
    """A line makes its record longer than MAX_RECORD. Later lines can still be read."""

    def __init__(self) -> None:
        super().__init__(f"It is longer than {MAX_RECORD} bytes")


class TextLines(Iterator[str]):
    """The lines of a UTF-8 stream, each with its LF or CR LF. A byte order mark is skipped.

    number: the number of the last line, counted from 1.
    record_size: how many bytes were read since `begin_record`. is_utf8: whether they were UTF-8.
    Invalid bytes become U+FFFD, so that the end of the record can still be found.
    Raises RecordTooLong for a line that is too long, and skips it.
    """

    def __init__(self, stream: io.BufferedReader) -> None:
        self._stream = stream
        self.number = 0
        self.begin_record()

    def begin_record(self) -> None:
        """Begin a record with the next line."""
        self.record_size = 0
        self.is_utf8 = True

    def starts_with(self, text: bytes) -> bool:
        """Whether the stream begins with `text`. Call this before reading."""
        begin = self._stream.peek(len(codecs.BOM_UTF8) + len(text))
        return begin.removeprefix(codecs.BOM_UTF8).startswith(text)

    def __next__(self) -> str:
        line = self._stream.readline(MAX_RECORD + 1 - self.record_size)
        if not line:
            raise StopIteration
        self.number += 1
        self.record_size += len(line)
        if self.record_size > MAX_RECORD:
            self._pass_over(line)
            raise RecordTooLong
        if self.number == 1:
            line = line.removeprefix(codecs.BOM_UTF8)
        try:
            return line.decode()
        except UnicodeDecodeError:
            self.is_utf8 = False
            return line.decode(errors="replace")

    def _pass_over(self, line: bytes) -> None:
        while line and not line.endswith(b"\n"):
            line = self._stream.readline(MAX_RECORD)
