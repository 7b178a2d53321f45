"""What a caller is told about a value that is refused."""

from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
import pytest
from msgspec import Meta, Struct

from monoservices.api.decoding import explain
from monoservices.api.types import Id, JsonObject, Moment, Money, Name, Sku, Text


class Color(Enum):
    RED = "red"
    BLUE = "blue"


class Size(Struct):
    length: int


Count = Annotated[int, Meta(ge=1)]
A_TIME = 'Expected a time with its offset from UTC, such as "2026-01-31T12:00:00Z".'
AN_AMOUNT = 'Expected an amount as text, such as "9.99", at most 99999999.99.'
INSIDE = "Something inside is of the wrong type, too long, too large or nested too deeply."


@pytest.mark.parametrize(
    ("expected", "data", "message"),
    [
        (int, "1", "Expected a whole number."),
        (Count, 0, "Expected a whole number from 1."),
        (Annotated[int, Meta(ge=1, le=9)], 10, "Expected a whole number from 1 to 9."),
        (Annotated[int, Meta(gt=0, lt=9)], 9, "Expected a whole number above 0 below 9."),
        (Annotated[int, Meta(le=9)], 10, "Expected a whole number up to 9."),
        (Id, 0, "Expected a whole number from 1."),
        (Id, 2**63, "Expected a whole number from 1 to 9223372036854775807."),
        (Annotated[float, Meta(ge=0.5)], 0.1, "Expected a number from 0.5."),
        (bool, 1, "Expected true or false."),
        (None, 1, "Expected null."),
        (Decimal, [], 'Expected a decimal number as text, such as "9.99".'),
        (str, 1, "Expected text."),
        (Name, 1, "Expected text of 1 to 255 characters."),
        (Name, "", "Expected text of 1 to 255 characters."),
        (Name, "n" * 256, "Expected text of 1 to 255 characters."),
        (Name, " ", "Expected text that is not blank and has no NUL character."),
        (Text, "t" * 10_001, "Expected text of at most 10000 characters."),
        (Text, "\0", "The character NUL is not allowed."),
        (Sku, " A", "Expected text without control characters and without spaces at its ends."),
        (Annotated[str, Meta(min_length=3)], "ab", "Expected text of at least 3 characters."),
        (Annotated[str, Meta(pattern="^a")], "b", "Expected text in another form."),
        (Money, 9.99, AN_AMOUNT),
        (Money, "9.999", AN_AMOUNT),
        (Moment, "2026-01-31T12:00:00", A_TIME),
        (datetime, "now", A_TIME),
        (date, "now", 'Expected a date, such as "2026-01-31".'),
        (UUID, "1", "Expected a UUID."),
        (Literal["a"], "b", 'Expected "a".'),
        (Literal["a", "b", 3], "c", 'Expected 3, "a" or "b".'),
        (Color, "green", 'Expected "red" or "blue".'),
        (Size, 1, "Expected an object."),
        (list[int], {}, "Expected a list."),
        (
            Annotated[list[int], Meta(min_length=1, max_length=2)],
            [],
            "Expected a list of 1 to 2 items.",
        ),
        (dict[str, int], [], "Expected an object."),
        (
            Annotated[dict[str, int], Meta(max_length=1)],
            {"a": 1, "b": 2},
            "Expected an object of at most 1 keys.",
        ),
        (
            dict[Name, int],
            {"a": 1, "": 2},
            "A key is not valid. Expected text of 1 to 255 characters.",
        ),
        (Moment | None, "now", f"{A_TIME[:-1]} or null."),
        (Count | bool | None, "1", "Expected a whole number from 1, true or false or null."),
        (Count | None, 0, "Expected a whole number from 1."),
        (Name | None, "", "Expected text of 1 to 255 characters."),
        (Count | list[Count], [0], INSIDE),
    ],
)
def test_a_message_says_what_is_expected(expected: Any, data: Any, message: str) -> None:
    struct = msgspec.defstruct("Whole", [("value", expected)])
    assert [text for _, text in explain({"value": data}, struct)] == [message]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("t" * 4097, "Expected text of at most 4096 characters."),
        (2**53, "Expected a whole number from -9007199254740991 to 9007199254740991."),
        (1e300, "Expected a number from -9007199254740991 to 9007199254740991."),
        ({"b": {"c": {"d": 1}}}, INSIDE),
        ([[[[]]]], INSIDE),
    ],
)
def test_a_json_object_has_its_limits(value: Any, message: str) -> None:
    struct = msgspec.defstruct("Whole", [("more", JsonObject)])
    assert list(explain({"more": {"a": value}}, struct)) == [("more.a", message)]


def test_a_time_is_expected_of_a_query_string() -> None:
    struct = msgspec.defstruct("Query", [("at", Moment), ("limit", Count)])
    assert dict(explain({"at": "now", "limit": "x"}, struct, strict=False)) == {
        "at": A_TIME,
        "limit": "Expected a whole number from 1.",
    }
