"""From bytes or a dict to a struct, once: one fast pass, and a slow one that only failure pays for.

msgspec stops at the first error. Where it refuses, `explain` goes through the same data again and
finds every error with the path of its field.
"""

import builtins
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import islice
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Struct, UnsetType, structs

from monoservices.json import parse, refuse_duplicate_keys
from monoservices.problems import MAX_ERRORS, Errors, Invalid
from monoservices.types import EXPLANATIONS

StructType = TypeVar("StructType", bound=Struct)


def decode(body: bytes, struct: type[StructType]) -> StructType:
    """Decode the JSON text `body` as a `struct`.

    Raises Malformed where it is not JSON, Invalid with the errors by field path otherwise.
    """
    try:
        value: StructType = _decoder(struct).decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return convert(parse(body), struct)
    refuse_duplicate_keys(body)
    return value


def convert(data: Any, struct: type[StructType], *, strict: bool = True) -> StructType:
    """Make a `struct` of Python data, such as what `parse` returns.

    strict: whether "1" is refused as an int; query strings are read with False.
    Raises Invalid with the errors by field path, the first 100 of them.
    """
    try:
        return msgspec.convert(data, struct, strict=strict)
    except msgspec.ValidationError:
        errors: Errors = {}
        for path, message in islice(explain(data, struct, strict=strict), MAX_ERRORS):
            errors.setdefault(path, []).append(message)
        raise Invalid(" ".join(errors.pop("", [])), errors=errors) from None


def explain(
    data: Any, expected: Any, path: str = "", *, strict: bool = True
) -> Iterator[tuple[str, str]]:
    """Yield (field path, message) for every way in which `data` is not an `expected`.

    Yields nothing exactly where msgspec accepts `data`.
    """
    try:
        msgspec.convert(data, expected, strict=strict)
    except msgspec.ValidationError as error:
        inside = _explain_inside(data, _bare(expected), path, strict)
        yield next(inside, (path, _readable(str(error))))
        yield from inside


def _explain_inside(data: Any, expected: Any, path: str, strict: bool) -> Iterator[tuple[str, str]]:
    """The errors of what `data` holds, none where it is wrong as a whole."""
    match get_origin(expected) or expected, data:
        case type() as struct, Mapping() if issubclass(struct, Struct):
            yield from _explain_struct(data, struct, path, strict)
        case builtins.list, list():
            (item_type,) = get_args(expected)
            for index, item in enumerate(data):
                yield from explain(item, item_type, _join(path, str(index)), strict=strict)
        case builtins.dict, dict():
            _, value_type = get_args(expected)
            for name, value in data.items():
                yield from explain(value, value_type, _join(path, str(name)), strict=strict)


def _explain_struct(
    data: Mapping[str, Any], struct: type[Struct], path: str, strict: bool
) -> Iterator[tuple[str, str]]:
    fields = _fields(struct)
    for name in data:
        if name not in fields:
            yield _join(path, str(name)), "There is no such field."
    for name, (expected, required) in fields.items():
        if name in data:
            yield from explain(data[name], expected, _join(path, name), strict=strict)
        elif required:
            yield _join(path, name), "This field is required."


@cache
def _fields(struct: type[Struct]) -> dict[str, tuple[Any, bool]]:
    """By name: the type of a value that is sent, and whether one must be."""
    hints = get_type_hints(struct, include_extras=True)
    return {
        field.encode_name: (_without_unset(hints[field.name]), field.required)
        for field in structs.fields(struct)
    }


def _bare(expected: Any) -> Any:
    """`expected` without its constraints."""
    return get_args(expected)[0] if hasattr(expected, "__metadata__") else expected


def _without_unset(expected: Any) -> Any:
    """The type of a value that was sent for a field that may be left out."""
    if get_origin(expected) not in (Union, UnionType):
        return expected
    kept = tuple(option for option in get_args(expected) if option is not UnsetType)
    return Union[kept]  # noqa: UP007 - the options are only known here


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _readable(message: str) -> str:
    """msgspec's message without its own idea of the path, and with words for a pattern."""
    sentence = message.split(" - at ", maxsplit=1)[0]
    for pattern, explanation in EXPLANATIONS.items():
        if repr(pattern) in sentence:
            return explanation
    return f"{sentence}."


@cache
def _decoder(struct: type[Struct]) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(struct)
