"""How the parameters of a statement travel to PostgreSQL: as text, arrays of texts as binary.

In the text format each element would have to be quoted by us and read by the server character by
character. The binary format is that of `array_recv` and `text_recv`, in PostgreSQL's
src/backend/utils/adt/arrayfuncs.c and varlena.c.
"""

from collections.abc import Sequence
from itertools import chain
from struct import Struct
from typing import Any

import psycopg
from psycopg.pq import Format

Value = str | int | None
Parameter = Value | Sequence[Value]
Parameters = Sequence[Parameter]
Encoded = tuple[Sequence[bytes | None], Sequence[Format]]

_TEXT = psycopg.adapters.types["text"].oid
_NULL = -1
# Dimensions, whether there are NULLs, the elements' type, how many, and the number of the first.
_ARRAY_HEADER = Struct(">iiIii")
_length = Struct(">i").pack


def encode_parameters(params: Parameters) -> Encoded:
    """The values of parameters and their formats.

    A sequence is an array, of elements of one type, and of None for NULL.
    Raises UnicodeEncodeError where a text is none, and DataError where a single one has NUL in it;
    in an array, the server refuses that.
    """
    encoded = [_encode(param) for param in params]
    return [value for value, _ in encoded], [kind for _, kind in encoded]


def _encode(param: Parameter) -> tuple[bytes | None, Format]:
    if param is None:
        return None, Format.TEXT
    if isinstance(param, str | int):
        return _encode_text(str(param)), Format.TEXT
    first = next((element for element in param if element is not None), None)
    if isinstance(first, str):
        return _encode_texts(param), Format.BINARY
    # Python writes a list of numbers as PostgreSQL does, but for the brackets and NULL.
    elements = str(list(param))[1:-1].replace("None", "NULL")
    return f"{{{elements}}}".encode(), Format.TEXT


def _encode_text(text: str) -> bytes:
    encoded = text.encode()
    if b"\0" in encoded:  # libpq would read no further
        raise psycopg.DataError("PostgreSQL takes no text with NUL (0x00).")
    return encoded


def _encode_texts(elements: Sequence[Any]) -> bytes:
    has_null = None in elements
    header = _ARRAY_HEADER.pack(1, has_null, _TEXT, len(elements), 1)
    if has_null:
        return header + b"".join(map(_encode_element, elements))
    texts = [text.encode() for text in elements]
    lengths = map(_length, map(len, texts))
    return header + b"".join(chain.from_iterable(zip(lengths, texts, strict=True)))


def _encode_element(text: str | None) -> bytes:
    if text is None:
        return _length(_NULL)
    encoded = text.encode()
    return _length(len(encoded)) + encoded
