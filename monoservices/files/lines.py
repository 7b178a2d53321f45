"""Lines of text from a stream of bytes: in constant memory, whatever the stream holds."""

import codecs
import io
from collections.abc import Iterator

MAX_RECORD = 128 * 1024
"""How many bytes one record can have: a line of JSON, or a row of CSV with all of its lines.

It is what Python's csv module allows a single cell, so that no other limit comes first.
"""


class RecordTooLong(Exception):
    """A line makes its record longer than MAX_RECORD. The lines after it can still be read."""

    def __init__(self) -> None:
        super().__init__(f"It is longer than {MAX_RECORD} bytes")


class TextLines(Iterator[str]):
    """The lines of a stream in UTF-8, each with its end: LF, or CR LF. A byte order mark is passed.

    number: of the line that was read last, counted from 1. record_size: the bytes that were read
    since `begin_record`. is_utf8: whether they were UTF-8; what is not comes as U+FFFD, so that
    the end of the record can still be found.
    Raises RecordTooLong for a line that is too long, which is passed over to its end.
    """

    def __init__(self, stream: io.BufferedReader) -> None:
        self._stream = stream
        self.number = 0
        self.begin_record()

    def begin_record(self) -> None:
        """Say that the next line is the first one of a record."""
        self.record_size = 0
        self.is_utf8 = True

    def starts_with(self, text: bytes) -> bool:
        """Whether the stream, of which nothing was read yet, begins with `text`."""
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
