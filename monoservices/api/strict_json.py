"""Strict JSON: two decoders together reject what either of them accepts by mistake.

msgspec rejects NaN, Infinity, lone surrogates and invalid UTF-8, but accepts duplicate keys. The
standard library's decoder can reject duplicate keys, but accepts the rest.
"""

import json
from collections import Counter
from typing import Any

import msgspec

from monoservices.api.problems import Invalid, Malformed

MAX_DEPTH = 100
"""How many levels of nesting are read. The interpreter's own limit differs by version."""
MAX_VALUES = 20_000
"""How many values a body may have; lists and objects count too. Every other request waits while a
body is decoded: 50 ms for this many. An order of 2,000 lines has 8,000."""
LONG_EXPONENT_VALUES = 20
"""As how many values a number such as 1e300 counts. msgspec takes 20 times as long for it."""


def parse(body: bytes) -> Any:
    """Decode a JSON text into dicts, lists, str, int, float, bool and None.

    Raises Malformed if it is not JSON, too deep, or has too many values. Raises Invalid if an
    object has the same key twice.
    """
    refuse_many_values(body)
    try:
        value = msgspec.json.decode(body)
    except UnicodeDecodeError:
        raise Malformed("The request body is not UTF-8.") from None
    except RecursionError:
        raise Malformed("The request body is nested too deeply.") from None
    except msgspec.MsgspecError as error:
        raise Malformed(f"The request body is not valid JSON: {error}") from None
    if _is_deeper_than(MAX_DEPTH, value):
        raise Malformed("The request body is nested too deeply.")
    refuse_duplicate_keys(body)
    return value


def refuse_many_values(body: bytes) -> None:
    """Raise Malformed if a JSON text has more than MAX_VALUES values. Call this before decoding.

    It takes a few milliseconds per MiB, whatever the text contains.
    """
    if len(body) < _FEW_BYTES:
        return
    if b"\\" in body:
        body = body.replace(rb"\\", b"").replace(rb"\"", b"")
    # Each value is at most two texts, a key and itself, in two quotes each.
    values = body.count(b'"') // 4
    if values <= MAX_VALUES:
        outside_texts = b"".join(body.split(b'"')[::2])
        values = sum(map(outside_texts.count, (b",", b"[", b"{")))
        if values <= MAX_VALUES:
            outlines = outside_texts.translate(_OUTLINE, b"+-")
            values += LONG_EXPONENT_VALUES * outlines.count(b"e000")
    if values > MAX_VALUES:
        raise Malformed(f"The JSON text has more than {MAX_VALUES} values.")


def refuse_duplicate_keys(body: bytes) -> None:
    """Raise Invalid if an object in `body`, a valid JSON text, has the same key twice.

    Raises Malformed if the text is nested too deeply to tell.
    """
    try:
        _KEYS.decode(body.decode())
    except RecursionError:
        raise Malformed("The request body is nested too deeply.") from None


def _is_deeper_than(levels: int, value: Any) -> bool:
    within = [value]
    for _ in range(levels + 1):
        within = [
            inner
            for outer in within
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not within:
            return False
    return True


def _object(pairs: list[tuple[str, Any]]) -> None:
    if len(dict(pairs)) == len(pairs):
        return
    counts = Counter(key for key, _ in pairs)
    twice = sorted(key for key, count in counts.items() if count > 1)
    raise Invalid(errors={key: ["An object has this key more than once."] for key in twice})


_OUTLINE = bytes.maketrans(b"E123456789", b"e000000000")
_FEW_BYTES = MAX_VALUES * len("1e300,") // (LONG_EXPONENT_VALUES + 1)
"""Fewer bytes than this cannot hold too many values, whatever they are."""

# Numbers are not parsed: parsing a long one takes quadratic time.
_KEYS = json.JSONDecoder(object_pairs_hook=_object, parse_int=len, parse_float=len)
