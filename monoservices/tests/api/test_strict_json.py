import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monoservices.api import strict_json
from monoservices.api.problems import Invalid, Malformed
from monoservices.api.strict_json import parse, refuse_duplicate_keys, refuse_many_values

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=10,
)


@given(VALUES)
def test_what_json_can_hold_is_parsed_as_it_is(value: Any) -> None:
    assert parse(json.dumps(value).encode()) == value
    assert parse(json.dumps(value, ensure_ascii=False).encode()) == value


@given(st.binary(max_size=20))
def test_any_bytes_are_parsed_or_refused(body: bytes) -> None:
    try:
        value = parse(body)
    except (Invalid, Malformed):
        return
    assert json.loads(body) == value


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b"", "The request body is not valid JSON: Input data was truncated"),
        (b"NaN", "The request body is not valid JSON: JSON is malformed: invalid character"),
        (rb'"\ud800"', "The request body is not valid JSON"),
        (b'"\xff"', "The request body is not UTF-8."),
        (b"[" * 15_000, "The request body is nested too deeply."),
        (b"[" * 5_000 + b"]" * 5_000, "The request body is nested too deeply."),
    ],
)
def test_what_is_not_json(body: bytes, detail: str) -> None:
    with pytest.raises(Malformed) as error:
        parse(body)
    assert error.value.detail.startswith(detail)


@pytest.mark.parametrize(
    ("body", "twice"),
    [
        (b'{"a": 1, "a": 1}', ["a"]),
        (rb'{"a": 1, "\u0061": 1}', ["a"]),
        (b'{"b": 1, "a": 1, "b": 1, "a": 1}', ["a", "b"]),
        (b'[{"x": {"a": 1, "a": 1}}]', ["a"]),
        (b'{"": 1, "": 1}', [""]),
    ],
)
def test_duplicate_keys_are_refused_by_name(body: bytes, twice: list[str]) -> None:
    for check in (parse, refuse_duplicate_keys):
        with pytest.raises(Invalid) as error:
            check(body)
        assert error.value.errors == {
            key: ["An object has this key more than once."] for key in twice
        }


def test_the_same_key_in_several_objects_is_fine() -> None:
    assert parse(b'{"a": {"a": 1}, "b": [{"a": 1}, {"a": 1}]}') == {
        "a": {"a": 1},
        "b": [{"a": 1}, {"a": 1}],
    }


def test_a_hundred_levels_are_enough() -> None:
    assert parse(b"[" * 100 + b"]" * 100) is not None
    assert parse(b'{"a":' * 99 + b"[1]" + b"}" * 99) is not None
    for body in (b"[" * 101 + b"1" + b"]" * 101, b'{"a":' * 100 + b"[1]" + b"}" * 100):
        with pytest.raises(Malformed) as error:
            parse(body)
        assert error.value.detail == "The request body is nested too deeply."


def test_a_long_number_is_refused_before_it_is_made_an_int() -> None:
    refuse_duplicate_keys(b"1" * 100_000)
    with pytest.raises(Malformed):
        parse(b"1" * 100_000)


MIB = 1024 * 1024
MANY = "The JSON text has more than 20000 values."


def filled(value: bytes, before: bytes = b"[", after: bytes = b"]", *, size: int = MIB) -> bytes:
    """A body of almost `size` bytes that is full of `value`."""
    count = (size - len(before + after)) // (len(value) + 1)
    return before + b",".join([value] * count) + after


@pytest.mark.parametrize(
    "body",
    [
        filled(b"{}"),
        filled(b"[]"),
        filled(b"1"),
        filled(b'""'),
        filled(b'"a":1', b"{", b"}"),
        filled(b"[" * 90 + b"]" * 90),
        filled(b'{"a":' * 90 + b"1" + b"}" * 90),
        filled(b"1.5e300", size=8_000),
        filled(b"1E-300", size=8_000),
        filled(b"1e+0300", size=8_000),
        filled(b'"\\"[,"', b'["\\\\",', b"]"),
        b"[" * MIB,
        b"," * MIB,
        b'"' * MIB,
    ],
    ids=lambda body: str(body[:20]),
)
def test_more_values_than_a_body_may_have_are_not_decoded(
    body: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(strict_json, "msgspec", None)
    for check in (parse, refuse_many_values):
        with pytest.raises(Malformed) as error:
            check(body)
        assert error.value.detail == MANY


@pytest.mark.parametrize(
    "body",
    [
        filled(b",[{" * 100, b'["', b'"]'),
        filled(b'\\",[{', b'["', b'"]'),
        filled(b"\\\\", b'["', b'"]'),
        filled(b"1e300,", b'["', b'"]'),
        filled(b"1", size=39_990),
        filled(b"1e300", size=5_600),
        filled(b"1e-99", size=100_000),
        filled(b'"\\"[,"', size=100_000),
        filled(b"1" * 300),
    ],
    ids=lambda body: str(body[:20]),
)
def test_what_is_in_texts_does_not_count(body: bytes) -> None:
    refuse_many_values(body)
    assert parse(body) is not None


def sizes(value: Any) -> Iterator[int]:
    """How many values lists and objects have, and one for each of these."""
    if isinstance(value, list | dict):
        yield 1 + max(0, len(value) - 1)
        for inner in value.values() if isinstance(value, dict) else value:
            yield from sizes(inner)


@given(VALUES)
def test_values_are_counted_exactly(value: Any) -> None:
    count = sum(sizes(value))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(strict_json, "_FEW_BYTES", 0)
        patch.setattr(strict_json, "LONG_EXPONENT_VALUES", 0)
        for most in {max(0, count - 1), count}:
            patch.setattr(strict_json, "MAX_VALUES", most)
            for text in (json.dumps(value), json.dumps(value, ensure_ascii=False)):
                refused = False
                try:
                    refuse_many_values(text.encode())
                except Malformed:
                    refused = True
                # The shortcut by quotes only refuses what the count would refuse too.
                assert refused == (count > most)
