import json
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET, Meta, Struct, UnsetType

from monoservices.api.decoding import convert, decode, explain
from monoservices.api.problems import Invalid, Malformed
from monoservices.api.types import EXPLANATIONS, MONEY, JsonObject, Moment, Money, Name


class Part(Struct, forbid_unknown_fields=True, kw_only=True):
    name: Name
    count: Annotated[int, Meta(ge=1)]


class Whole(Struct, forbid_unknown_fields=True, kw_only=True):
    price: Money
    kind: Literal["a", "b"] | UnsetType = UNSET
    parts: Annotated[list[Part], Meta(max_length=3)] | UnsetType = UNSET
    first: Part | UnsetType = UNSET
    more: JsonObject | UnsetType = UNSET
    at: Moment | UnsetType | None = UNSET


class Named(Struct, rename="camel", forbid_unknown_fields=True):
    unit_price: Money


KEYS = st.sampled_from(["price", "kind", "parts", "first", "more", "at", "name", "count", "x"])
VALUES = st.recursive(
    st.sampled_from([None, True, 0, 1, 1.0, 2**70, "", "a", "9.99", "\0", "2026-01-01T00:00:00Z"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=20,
)


def errors_of(data: Any, struct: type[Struct] = Whole) -> dict[str, list[str]]:
    with pytest.raises(Invalid) as error:
        convert(data, struct)
    return error.value.errors


def test_what_is_right_is_decoded() -> None:
    body = (
        b'{"price": "9.99", "parts": [{"name": "lid", "count": 2}], "more": {"a": [1, {"b": 2}]}}'
    )
    whole = Whole(price="9.99", parts=[Part(name="lid", count=2)], more={"a": [1, {"b": 2}]})
    assert decode(body, Whole) == whole
    assert convert(json.loads(body), Whole) == whole


@given(st.dictionaries(KEYS, VALUES) | VALUES)
def test_explain_finds_something_exactly_where_msgspec_refuses(data: Any) -> None:
    found = list(explain(data, Whole))
    try:
        msgspec.convert(data, Whole)
    except msgspec.ValidationError:
        assert found != []
    else:
        assert found == []


@given(st.dictionaries(KEYS, VALUES) | VALUES)
def test_bytes_and_data_are_decided_alike(data: Any) -> None:
    outcomes: list[Any] = []
    for function, source in ((decode, json.dumps(data).encode()), (convert, data)):
        try:
            outcomes.append(function(source, Whole))
        except Invalid as error:
            outcomes.append((error.detail, error.errors))
    assert outcomes[0] == outcomes[1]


def test_every_error_is_named_by_its_path() -> None:
    data = {
        "kind": "c",
        "parts": [{"name": "lid", "count": 1}, {"name": "", "size": 1}, 3],
        "first": {"name": "lid", "count": "1"},
        "more": {"a": 1, "b": 2**60},
        "x": 1,
    }
    assert errors_of(data) == {
        "x": ["There is no such field."],
        "price": ["This field is required."],
        "kind": ['Expected "a" or "b".'],
        "parts.1.size": ["There is no such field."],
        "parts.1.name": ["Expected text of 1 to 255 characters."],
        "parts.1.count": ["This field is required."],
        "parts.2": ["Expected an object."],
        "first.count": ["Expected a whole number from 1."],
        "more.b": ["Expected a whole number from -9007199254740991 to 9007199254740991."],
    }


def test_a_list_is_refused_as_a_whole_where_its_items_are_fine() -> None:
    parts = [{"name": "lid", "count": 1}] * 4
    assert errors_of({"price": "1", "parts": parts}) == {
        "parts": ["Expected a list of at most 3 items."]
    }


@pytest.mark.parametrize("data", [[], None, "9.99"])
def test_what_is_no_object_is_no_error_of_a_field(data: Any) -> None:
    with pytest.raises(Invalid) as error:
        convert(data, Whole)
    assert (error.value.detail, error.value.errors) == ("Expected an object.", {})


def test_fields_go_by_the_names_that_they_are_sent_under() -> None:
    assert errors_of({"unitPrice": 1}, Named) == {"unitPrice": [EXPLANATIONS[MONEY]]}
    assert errors_of({"unit_price": "1"}, Named) == {
        "unit_price": ["There is no such field."],
        "unitPrice": ["This field is required."],
    }


def test_a_hundred_errors_are_enough() -> None:
    assert len(errors_of({f"f{index}": 1 for index in range(1_000)})) == 100
    assert len(list(explain({f"f{index}": 1 for index in range(1_000)}, Whole))) == 1_001


def test_malformed_and_duplicate_keys_are_told_apart_from_wrong_fields() -> None:
    with pytest.raises(Malformed):
        decode(b'{"price": 1', Whole)
    for body in (b'{"price": "1", "price": "1"}', b'{"price": 1, "price": 1}'):
        with pytest.raises(Invalid) as error:
            decode(body, Whole)
        assert error.value.errors == {"price": ["An object has this key more than once."]}


def test_query_strings_hold_numbers_and_times_as_text() -> None:
    class Query(Struct):
        limit: int
        flag: bool
        at: datetime

    sent = {"limit": "5", "flag": "true", "at": "2026-01-05T10:00:00Z"}
    query = convert(sent, Query, strict=False)
    assert (query.limit, query.flag, query.at.isoformat()) == (5, True, "2026-01-05T10:00:00+00:00")
    with pytest.raises(Invalid) as error:
        convert({"limit": "x", "flag": "2", "at": ""}, Query, strict=False)
    assert list(error.value.errors) == ["limit", "flag", "at"]
