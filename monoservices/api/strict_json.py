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


def parse(body: bytes) -> Any:
    """Decode a JSON text into dicts, lists, str, int, float, bool and None.

    Raises Malformed if it is not JSON, Invalid if an object has the same key twice.
    """
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


# Numbers are not parsed: parsing a long one takes quadratic time.
_KEYS = json.JSONDecoder(object_pairs_hook=_object, parse_int=len, parse_float=len)
