import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monoservices.api.problems import Invalid, Malformed
from monoservices.api.strict_json import parse, refuse_duplicate_keys

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
        (b"[" * 100_000, "The request body is nested too deeply."),
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
