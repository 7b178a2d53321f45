"""Files as request bodies, which are read piece by piece."""

import io
from typing import IO, Any

from rest_framework.parsers import BaseParser

from monoservices.api.http import refuse_encoded_body
from monoservices.api.problems import Malformed, TooLarge
from monoservices.files.exporting import MEDIA_TYPES, Format

BUFFER_BYTES = 64 * 1024


class Upload(io.RawIOBase):
    """A body of `size` bytes. Raises Malformed if it ends earlier, maybe inside of a row."""

    def __init__(self, stream: IO[bytes], size: int) -> None:
        self._stream, self._missing = stream, size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        piece = self._stream.read(len(buffer))
        if not piece and self._missing > 0:
            raise Malformed("The request body ended early.")
        self._missing -= len(piece)
        buffer[: len(piece)] = piece
        return len(piece)


class UploadParser(BaseParser):
    """Makes `request.data` the body as a buffered stream. `view.max_body` is its limit in bytes.

    Django's own limit, DATA_UPLOAD_MAX_MEMORY_SIZE, is for bodies that are read whole. The ASGI
    front applies the service's `large_bodies`.
    """

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        request = parser_context["request"]
        refuse_encoded_body(request)
        size = int(request.META["CONTENT_LENGTH"])
        if size > parser_context["view"].max_body:
            raise TooLarge
        return io.BufferedReader(Upload(stream, size), BUFFER_BYTES)


class CsvUploadParser(UploadParser):
    media_type = MEDIA_TYPES[Format.CSV]


class JsonLinesUploadParser(UploadParser):
    media_type = MEDIA_TYPES[Format.JSON_LINES]


class AnyUploadParser(UploadParser):
    """For clients that know only this type of files: what the file contains tells its format."""

    media_type = "application/octet-stream"


UPLOAD_PARSERS: list[type[BaseParser]] = [CsvUploadParser, JsonLinesUploadParser, AnyUploadParser]
UPLOAD_TYPES = [str(parser.media_type) for parser in UPLOAD_PARSERS]
