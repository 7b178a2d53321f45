"""Field types for msgspec structs, with the same bounds as the database's columns.

msgspec matches a pattern with `re.search`, so each pattern begins with `^` and ends with `\\Z`. `$`
would accept a trailing newline, and `\\d` the digits of other scripts.
"""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from msgspec import Meta

MAX_INTEGER = 2**31 - 1
MAX_BIG_INTEGER = 2**63 - 1
# Larger JSON numbers lose digits in some programs (RFC 8259, section 6).
MAX_EXACT = 2**53 - 1

NO_NUL = r"^[^\x00]*\Z"
NOT_BLANK = r"^[^\x00]*[^\x00\s][^\x00]*\Z"
SKU = r"^[^\x00-\x20\x7f]([^\x00-\x1f\x7f]*[^\x00-\x20\x7f])?\Z"
EMAIL = r"^([^@\s\x00]+@[^@\s\x00]+)?\Z"
MONEY = r"^[0-9]{1,8}(\.[0-9]{1,2})?\Z"
WEB_ADDRESS = r"^(https?://[!#-;=?-~]+)?\Z"  # no quote and no angle bracket
MOST_IDS = 100
IDS = rf"^[1-9][0-9]{{0,18}}(,[1-9][0-9]{{0,18}}){{0,{MOST_IDS - 1}}}\Z"
LARGE_MONEY = r"^[0-9]{1,12}(\.[0-9]{1,2})?\Z"
SIGNED_MONEY = r"^-?[0-9]{1,12}(\.[0-9]{1,2})?\Z"
PERCENTAGE = r"^(100(\.0{1,2})?|[0-9]{1,2}(\.[0-9]{1,2})?)\Z"

EXPLANATIONS = {
    NO_NUL: "The character NUL is not allowed.",
    NOT_BLANK: "Expected text that is not blank and has no NUL character.",
    SKU: "Expected text without control characters and without spaces at its ends.",
    EMAIL: "Expected an e-mail address.",
    WEB_ADDRESS: "Expected an address that begins with https:// or http://.",
    MONEY: 'Expected an amount as text, such as "9.99", at most 99999999.99.',
    IDS: f'Expected up to {MOST_IDS} ids, separated by commas, such as "1,2,3".',
    LARGE_MONEY: 'Expected an amount as text, such as "9.99", at most 999999999999.99.',
    SIGNED_MONEY: (
        'Expected an amount as text, such as "-9.99", from -999999999999.99 to 999999999999.99.'
    ),
    PERCENTAGE: 'Expected a percentage as text, such as "19.00", from 0 to 100.',
}
"""Messages for a text that does not match a pattern."""

Moment = Annotated[datetime, Meta(tz=True)]
Id = Annotated[int, Meta(ge=1, le=MAX_BIG_INTEGER)]
Text = Annotated[str, Meta(max_length=10_000, pattern=NO_NUL)]
ShortText = Annotated[str, Meta(max_length=100, pattern=NO_NUL)]
SearchText = Annotated[str, Meta(min_length=3, max_length=200, pattern=NO_NUL)]
Name = Annotated[str, Meta(min_length=1, max_length=255, pattern=NOT_BLANK, examples=["Mug"])]
Sku = Annotated[str, Meta(min_length=1, max_length=100, pattern=SKU, examples=["MUG-BLUE"])]
Email = Annotated[str, Meta(max_length=254, pattern=EMAIL, examples=["ann@example.org"])]
Money = Annotated[str, Meta(pattern=MONEY, examples=["9.99"])]
Ids = Annotated[str, Meta(pattern=IDS, examples=["1,2,3"])]
LargeMoney = Annotated[str, Meta(pattern=LARGE_MONEY, examples=["1234.50"])]
SignedMoney = Annotated[str, Meta(pattern=SIGNED_MONEY, examples=["-5.00"])]
Percentage = Annotated[str, Meta(pattern=PERCENTAGE, examples=["19.00"])]

_Key = Annotated[str, Meta(max_length=100, pattern=NO_NUL)]
_Int = Annotated[int, Meta(ge=-MAX_EXACT, le=MAX_EXACT)]
_Float = Annotated[float, Meta(ge=-MAX_EXACT, le=MAX_EXACT)]
# No pattern here, `nul_paths` looks for NUL instead: msgspec 0.22 corrupts memory when it frees a
# union of a list and a text with a pattern, at the latest when the process ends.
_Text = Annotated[str, Meta(max_length=4096)]
_Scalar = None | bool | _Int | _Float | _Text
_Inner = None | bool | _Int | _Float | _Text | list[_Scalar] | dict[_Key, _Scalar]
_Outer = None | bool | _Int | _Float | _Text | list[_Inner] | dict[_Key, _Inner]
_FREE = Meta(
    title="JsonObject",
    description=(
        "An object with any content: in a request at most three levels deep, with names of at most "
        "100 and texts of at most 4096 characters."
    ),
    extra_json_schema={"x-free-form": True},
)
JsonObject = Annotated[dict[_Key, _Outer], _FREE]
"""A free-form object in a request."""
AnyObject = Annotated[dict[str, Any], _FREE]
"""A free-form object in a response. The OpenAPI document has one component for both."""


def nul_paths(value: Any, path: str) -> Iterator[str]:
    """Yield the paths, below `path`, of the texts in a `JsonObject` that contain NUL."""
    if isinstance(value, str) and "\0" in value:
        yield path
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from nul_paths(inner, f"{path}.{name}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from nul_paths(inner, f"{path}.{index}")


def ids_in(text: str) -> tuple[int, ...]:
    """Return the ids in an `Ids` text, each once. Ids larger than any column holds are left out."""
    ids = dict.fromkeys(map(int, text.split(",")))
    return tuple(key for key in ids if key <= MAX_BIG_INTEGER)


CENT = Decimal("0.01")


def money(text: str) -> Decimal:
    """Return the amount of a text with two decimal places. Zero has no sign.

    text: a `Money`, `LargeMoney`, `SignedMoney` or `Percentage`.
    """
    return Decimal(text).quantize(CENT) + 0
