"""Decodes bytes or a dict to a struct: a fast pass, and after a failure a slow pass.

The fast pass is msgspec, which stops at the first error. The slow pass, `explain`, goes through the
same data again and finds every error with the path of its field.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from itertools import islice
from threading import Lock
from types import UnionType
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Struct, StructMeta, UnsetType, structs

from monoservices.api.expectations import describe, refusal
from monoservices.api.problems import MAX_ERRORS, Errors, Invalid
from monoservices.api.strict_json import parse, refuse_duplicate_keys, refuse_many_values

StructType = TypeVar("StructType", bound=Struct)


def decode(body: bytes, struct: type[StructType]) -> StructType:
    """Decode the JSON text `body` as a `struct`. Raises Malformed, or Invalid as `convert` does."""
    refuse_many_values(body)
    try:
        value = decoder(struct).decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return convert(parse(body), struct)
    refuse_duplicate_keys(body)
    return value


def convert(data: Any, struct: type[StructType], *, strict: bool = True) -> StructType:
    """Make a `struct` from Python data, such as `parse` returns.

    strict: whether "1" is rejected as an int. Query strings are read with False.
    Raises Invalid with the first 100 errors by field path.
    """
    decoder(struct)  # prepares the type
    try:
        return msgspec.convert(data, struct, strict=strict)
    except msgspec.ValidationError:
        errors: Errors = {}
        for path, message in islice(explain(data, struct, strict=strict), MAX_ERRORS):
            errors.setdefault(path, []).append(message)
        raise Invalid(" ".join(errors.pop("", [])), errors=errors) from None


def explain(data: Any, struct: type[Struct], *, strict: bool = True) -> Iterator[tuple[str, str]]:
    """Yield (field path, message) for every error in `data`; nothing if msgspec accepts it."""
    return _explain(data, _type_of(struct), "", strict)


class _Type:
    """The type of a value, prepared once as the one field of a struct.

    msgspec prepares a type that is not a struct's field anew for every value.
    """

    def __init__(self, expected: Any) -> None:
        self.box = msgspec.defstruct("Box", [("value", expected)])
        decoder(self.box)
        self.description = describe(expected)
        bare = get_args(expected)[0] if hasattr(expected, "__metadata__") else expected
        self.kind: Any = get_origin(bare) or bare
        self.inside = [_Type(each) for each in get_args(bare)] if self.kind in {list, dict} else []

    def accepts(self, data: Any, strict: bool) -> bool:
        try:
            msgspec.convert({"value": data}, self.box, strict=strict)
        except msgspec.ValidationError:
            return False
        return True


_type_of = cache(_Type)


def _explain(data: Any, expected: _Type, path: str, strict: bool) -> Iterator[tuple[str, str]]:
    if not expected.accepts(data, strict):
        inside = _explain_inside(data, expected, path, strict)
        yield next(inside, (path, refusal(expected.description, data)))
        yield from inside


def _explain_inside(
    data: Any, expected: _Type, path: str, strict: bool
) -> Iterator[tuple[str, str]]:
    """Yield the errors of the values that `data` holds; none if `data` itself is wrong."""
    match data, expected.inside:
        case list(), [item] if expected.kind is list:
            for index, value in enumerate(data):
                yield from _explain(value, item, _join(path, str(index)), strict)
        case dict(), [key, value_type]:
            wrong = next((name for name in data if not key.accepts(name, strict)), None)
            if wrong is not None:
                yield path, f"A key is not valid. {refusal(key.description, wrong)}"
            for name, value in data.items():
                yield from _explain(value, value_type, _join(path, str(name)), strict)
        case Mapping(), [] if isinstance(expected.kind, StructMeta):
            struct = cast("type[Struct]", expected.kind)
            yield from _explain_struct(data, struct, path, strict)


def _explain_struct(
    data: Mapping[str, Any], struct: type[Struct], path: str, strict: bool
) -> Iterator[tuple[str, str]]:
    fields = _fields(struct)
    for name in data:
        if name not in fields:
            yield _join(path, str(name)), "There is no such field."
    for name, (expected, required) in fields.items():
        if name in data:
            yield from _explain(data[name], expected, _join(path, name), strict)
        elif required:
            yield _join(path, name), "This field is required."


@cache
def _fields(struct: type[Struct]) -> dict[str, tuple[_Type, bool]]:
    """By name: the type of the field's value, and whether the field is required."""
    hints = get_type_hints(struct, include_extras=True)
    return {
        field.encode_name: (_Type(_without_unset(hints[field.name])), field.required)
        for field in structs.fields(struct)
    }


def _without_unset(expected: Any) -> Any:
    """The type of a field's value, without the mark that the field may be left out."""
    if get_origin(expected) not in (Union, UnionType):
        return expected
    kept = tuple(option for option in get_args(expected) if option is not UnsetType)
    return Union[kept]  # noqa: UP007 - the options are only known here


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def decoder(struct: type[StructType]) -> msgspec.json.Decoder[StructType]:
    """Return the decoder of a struct, which is made once.

    One thread at a time makes decoders. The first use of a struct prepares its type, and
    msgspec 0.22 crashes if several threads prepare the same type at once.
    """
    made = _decoders.get(struct)
    if made is None:
        with _preparing:
            made = _decoders.setdefault(struct, msgspec.json.Decoder(struct))
    return made


_decoders: dict[type[Struct], msgspec.json.Decoder[Any]] = {}
_preparing = Lock()
