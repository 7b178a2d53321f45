"""What a field expects, in words that a caller of the API understands.

Each message is a sentence such as "Expected a whole number from 1 to 100.", made from the field's
type as `msgspec.inspect` describes it.
"""

import json
from collections.abc import Iterable
from typing import Any

from msgspec import inspect

from monoservices.api.types import EXPLANATIONS, MAX_BIG_INTEGER

INSIDE = "Something inside is of the wrong type, too long, too large or nested too deeply."

_SIMPLE: dict[type[inspect.Type], str] = {
    inspect.NoneType: "null",
    inspect.BoolType: "true or false",
    inspect.StructType: "an object",
    inspect.DateTimeType: 'a time with its offset from UTC, such as "2026-01-31T12:00:00Z"',
    inspect.DateType: 'a date, such as "2026-01-31"',
    inspect.DecimalType: 'a decimal number as text, such as "9.99"',
    inspect.UUIDType: "a UUID",
}
_COUNTED: dict[type[inspect.Type], tuple[str, str]] = {
    inspect.StrType: ("text", "characters"),
    inspect.ListType: ("a list", "items"),
    inspect.DictType: ("an object", "keys"),
}
_SENT_AS: dict[type, tuple[type[inspect.Type], ...]] = {
    type(None): (inspect.NoneType,),
    bool: (inspect.BoolType,),
    int: (inspect.IntType,),
    float: (inspect.FloatType,),
    str: (inspect.StrType,),
    list: (inspect.ListType,),
    dict: (inspect.DictType, inspect.StructType),
}


def describe(expected: Any) -> inspect.Type:
    """msgspec's description of a type, without the notes that are for a JSON schema."""
    return _bare(inspect.type_info(expected))


def refusal(expected: inspect.Type, data: Any) -> str:
    """Say what is expected instead of `data`, which msgspec has refused."""
    match expected:
        case inspect.StrType():
            return _refused_text(expected, data)
        case inspect.UnionType():
            return _refused_by_all(expected, data)
    return f"Expected {_words(expected, data)}."


def _refused_text(expected: inspect.StrType, data: Any) -> str:
    length = _length(expected, "characters")
    if expected.pattern is None or (length and not _has_length(expected, data)):
        return f"Expected text{length}."
    return EXPLANATIONS.get(expected.pattern, "Expected text in another form.")


def _refused_by_all(expected: inspect.UnionType, data: Any) -> str:
    options = [_bare(option) for option in expected.types]
    for option in options:
        if isinstance(option, _SENT_AS.get(type(data), ())):
            return INSIDE if isinstance(data, list | dict) else refusal(option, data)
    return f"Expected {_either(_words(option, data) for option in options)}."


def _words(expected: inspect.Type, data: Any) -> str:
    match expected:
        case inspect.IntType() | inspect.FloatType():
            noun = "a whole number" if isinstance(expected, inspect.IntType) else "a number"
            return noun + _range(expected, data)
        case inspect.StrType() | inspect.ListType() | inspect.DictType():
            noun, units = _COUNTED[type(expected)]
            return noun + _length(expected, units)
        case inspect.LiteralType():
            return _either(map(json.dumps, expected.values))
        case inspect.EnumType():
            return _either(json.dumps(member.value) for member in expected.cls)
    return _SIMPLE.get(type(expected), "a value of another type")


def _range(expected: inspect.IntType | inspect.FloatType, data: Any) -> str:
    """The bounds; that of the database's widest column only where `data` exceeds it."""
    low, high = expected.ge, expected.le
    if high == MAX_BIG_INTEGER and not (isinstance(data, int | float) and data > high):
        high = None
    bounds = [("from", low), ("above", expected.gt), ("up to", high), ("below", expected.lt)]
    text = "".join(f" {word} {bound}" for word, bound in bounds if bound is not None)
    return text.replace("up to", "to") if low is not None else text


def _length(expected: inspect.StrType | inspect.ListType | inspect.DictType, units: str) -> str:
    match expected.min_length, expected.max_length:
        case None, None:
            return ""
        case None, most:
            return f" of at most {most} {units}"
        case least, None:
            return f" of at least {least} {units}"
        case least, most:
            return f" of {least} to {most} {units}"


def _has_length(expected: inspect.StrType, data: Any) -> bool:
    if not isinstance(data, str) or len(data) < (expected.min_length or 0):
        return False
    return expected.max_length is None or len(data) <= expected.max_length


def _either(options: Iterable[str]) -> str:
    *others, last = options
    return f"{', '.join(others)} or {last}" if others else last


def _bare(expected: inspect.Type) -> inspect.Type:
    return expected.type if isinstance(expected, inspect.Metadata) else expected
