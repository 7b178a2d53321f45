import io
from types import SimpleNamespace
from typing import Any

import pytest

from monoservices.api.problems import Malformed, TooLarge
from monoservices.files.uploads import BUFFER_BYTES, CsvUploadParser, Upload


def parse(content: bytes, *, size: int, max_body: int) -> Any:
    context = {
        "request": SimpleNamespace(META={"CONTENT_LENGTH": str(size)}),
        "view": SimpleNamespace(max_body=max_body),
    }
    return CsvUploadParser().parse(io.BytesIO(content), "text/csv", context)


def test_a_body_is_read_in_pieces() -> None:
    asked: list[int] = []

    class Body(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            asked.append(size or -1)
            return super().read(size)

    content = b"a\n" * 100_000
    lines = list(io.BufferedReader(Upload(Body(content), len(content)), BUFFER_BYTES))
    assert lines == [b"a\n"] * 100_000
    assert {*asked} == {BUFFER_BYTES}


def test_a_body_that_is_too_large_is_refused_before_it_is_read() -> None:
    assert parse(b"abc", size=3, max_body=3).read() == b"abc"
    with pytest.raises(TooLarge):
        parse(b"abc", size=4, max_body=3)


def test_a_body_that_ends_early_is_refused() -> None:
    upload = parse(b"abc", size=4, max_body=4)
    assert upload.peek(3) == b"abc"
    with pytest.raises(Malformed, match=r"^The request body ended early\.$"):
        upload.read()
