"""How the parameters of a statement travel to PostgreSQL: as text, but arrays of texts as binary.

In the text format, we would have to quote each element, and the server would read it character by
character. The binary format is that of `array_recv` and `text_recv`, in PostgreSQL's
src/backend/utils/adt/arrayfuncs.c and varlena.c.
"""

from collections.abc import Sequence
from itertools import chain
from struct import Struct
from typing import Any

import psycopg
from psycopg.pq import Format

from monoservices.database.statements import Parameter, Parameters

Encoded = tuple[Sequence[bytes | None], Sequence[Format]]

_TEXT = psycopg.adapters.types["text"].oid
_NULL = -1
# Number of dimensions, whether there are NULLs, type and number of the elements, lower bound.
_ARRAY_HEADER = Struct(">iiIii")
_length = Struct(">i").pack


def encode_parameters(params: Parameters) -> Encoded:
    """Return the encoded values of parameters, and their formats.

    A sequence is an array: its elements have one type, or are None for NULL.
    Raises UnicodeEncodeError if a text cannot be encoded, and DataError if a text that stands alone
    contains NUL; in an array, the server rejects NUL.
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
    # Python writes a list of numbers like PostgreSQL, except for the brackets and NULL.
    elements = str(list(param))[1:-1].replace("None", "NULL")
    return f"{{{elements}}}".encode(), Format.TEXT


def _encode_text(text: str) -> bytes:
    encoded = text.encode()
    if b"\0" in encoded:  # libpq would stop reading there
        raise psycopg.DataError("PostgreSQL does not accept NUL (0x00) in text.")
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
