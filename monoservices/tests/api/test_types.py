import re
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monoservices.api import types
from monoservices.api.types import money


def accepts(kind: Any, value: Any) -> bool:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return False
    return True


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (types.Money, ["0", "9.99", "00.5", "99999999.99"], ["", ".5", "1.", "100000000", "1.234"]),
        (types.LargeMoney, ["999999999999.99"], ["1000000000000", "-1", 1]),
        (types.Money, ["1"], ["1\n", " 1", "1_000", "\u0663", "1e2", "NaN", "+1", 1, 1.0, True]),
        (types.Id, [1, 2**63 - 1], [0, -1, 2**63, 1.0, "1", True]),
        (types.Name, ["a", " a ", "n" * 255, "\U0001f375"], ["", " ", "\u2003", "a\0", "n" * 256]),
        (types.Sku, ["A", "A-1", "A 1", "s" * 100], ["", " A", "A ", "A\n", "A\t1", "s" * 101]),
        (types.Text, ["", "\n", "t" * 10_000], ["\0", "t" * 10_001]),
        (types.ShortText, ["", "t" * 100], ["a\0b", "t" * 101]),
        (types.SearchText, ["abc", "s" * 200], ["ab", "ab\0", "s" * 201]),
        (types.Email, ["", "a@b", "a.b+c@example.com"], ["a", "@", "a@", "@b", "a@b@c", "a@b\n"]),
        (
            types.JsonObject,
            [{}, {"a": [1, {"b": None}]}, {"a": {"b": {"c": "d"}}}, {"a": 2**53 - 1}, {"a": 0.5}],
            [[], {"a": 2**53}, {"a": {"b": {"c": {}}}}, {"\0": 1}, {"k" * 101: 1}, {"a": [2**53]}],
        ),
    ],
)
def test_what_fields_take(kind: Any, good: list[Any], bad: list[Any]) -> None:
    assert [value for value in good if not accepts(kind, value)] == []
    assert [value for value in bad if accepts(kind, value)] == []


@pytest.mark.parametrize("value", [None, [], "{}", {"a": "\0"}, {"a": [{"b": []}]}])
def test_objects_can_be_checked_again_and_again(value: Any) -> None:
    # Where its texts had a pattern, msgspec corrupted memory and this ended the process.
    assert len({accepts(types.JsonObject, value) for _ in range(5_000)}) == 1


def test_every_text_with_nul_is_found() -> None:
    value = {"a": "\0", "b": [1, "x\0y", {"c": "fine", "d": "\0"}], "e": None}
    assert list(types.nul_paths(value, "metadata")) == [
        "metadata.a",
        "metadata.b.1",
        "metadata.b.2.d",
    ]


def test_a_moment_has_a_timezone() -> None:
    msgspec.json.decode(b'"2026-01-05T10:00:00Z"', type=types.Moment)
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(b'"2026-01-05T10:00:00"', type=types.Moment)


@pytest.mark.parametrize("pattern", types.EXPLANATIONS)
def test_patterns_end_where_the_text_ends(pattern: str) -> None:
    assert pattern.startswith("^")
    assert pattern.endswith(r"\Z")


@given(st.decimals("0", "99999999.99", places=2))
def test_money_keeps_every_cent(amount: Decimal) -> None:
    text = str(amount)
    assert re.search(types.MONEY, text)
    assert money(text) == amount
    assert str(money(text)) == text


@pytest.mark.parametrize(
    ("text", "amount"), [("9", "9.00"), ("9.9", "9.90"), ("007.10", "7.10"), ("0", "0.00")]
)
def test_money_has_two_decimal_places(text: str, amount: str) -> None:
    assert str(money(text)) == amount
