import io
from collections.abc import Iterator
from typing import Any

import pytest

from monoservices.files.lines import MAX_RECORD, RecordTooLong, TextLines


def lines_of(content: bytes) -> TextLines:
    return TextLines(io.BufferedReader(io.BytesIO(content)))


def test_lines_keep_their_ends_and_lose_the_byte_order_mark() -> None:
    lines = lines_of(b"\xef\xbb\xbfa\r\nb\nc\rd")
    assert list(lines) == ["a\r\n", "b\n", "c\rd"]
    assert lines.number == 3
    assert list(lines_of(b"")) == []


@pytest.mark.parametrize(
    ("content", "starts"), [(b'{"a"', True), (b"\xef\xbb\xbf{", True), (b"a{", False), (b"", False)]
)
def test_the_beginning_can_be_looked_at_before_it_is_read(content: bytes, starts: bool) -> None:
    lines = lines_of(content)
    assert lines.starts_with(b"{") is starts
    assert "".join(lines).encode() == content.removeprefix(b"\xef\xbb\xbf")


def test_what_is_not_utf8_is_told_and_does_not_hide_the_next_line() -> None:
    lines = lines_of(b"a\n\xff,b\nc\n")
    told = []
    for line in lines:
        told.append((line, lines.is_utf8))
        lines.begin_record()
    assert told == [("a\n", True), ("\ufffd,b\n", False), ("c\n", True)]


def test_a_record_that_is_too_long_is_passed_over_to_the_end_of_its_line() -> None:
    longest = b"x" * (MAX_RECORD - 1) + b"\n"
    lines = lines_of(longest + b"x" + longest + b"end\n")
    assert len(next(lines)) == MAX_RECORD
    lines.begin_record()
    with pytest.raises(RecordTooLong, match=r"^It is longer than 131072 bytes$"):
        next(lines)
    lines.begin_record()
    assert (next(lines), lines.number) == ("end\n", 3)


def test_the_lines_of_a_record_are_measured_together() -> None:
    lines = lines_of(b"x" * (MAX_RECORD - 2) + b"\nab\nend\n")
    next(lines)
    with pytest.raises(RecordTooLong):
        next(lines)
    lines.begin_record()
    assert next(lines) == "end\n"


def test_an_endless_line_is_read_in_constant_memory() -> None:
    largest = 0

    class Endless(io.RawIOBase):
        """100 MB without an end of line, which remembers how much is asked of it at once."""

        left = 100_000_000

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: Any) -> int:
            nonlocal largest
            largest = max(largest, len(buffer))
            taken = min(len(buffer), self.left)
            self.left -= taken
            buffer[:taken] = b"x" * taken
            return taken

    def outcomes() -> Iterator[str]:
        lines = TextLines(io.BufferedReader(Endless()))
        for _ in range(2):
            try:
                yield next(lines, "nothing")
            except RecordTooLong:
                yield "too long"

    assert list(outcomes()) == ["too long", "nothing"]
    assert largest <= MAX_RECORD + 1
