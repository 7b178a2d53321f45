from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from django.conf import settings
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent
from django.test import RequestFactory
from msgspec import UNSET, Struct, UnsetType
from rest_framework.request import Request

from monoservices.api.http import (
    RawJSONParser,
    StrictJSONParser,
    StructRenderer,
    idempotency_key,
    parse_query,
    read_body,
    read_query,
    refuse_fields,
)
from monoservices.api.problems import Invalid, Malformed
from monoservices.api.types import Moment


def request(
    query: str = "",
    body: bytes = b"",
    parser: type[RawJSONParser] = RawJSONParser,
    headers: dict[str, str] | None = None,
) -> Request:
    django = RequestFactory().generic(
        "POST", f"/?{query}", body, "application/json", headers=headers
    )
    return Request(django, parsers=[parser()])


class Query(Struct, forbid_unknown_fields=True):
    limit: int = 20
    at: Moment | UnsetType = UNSET


def test_a_body_is_bytes_or_what_they_decode_to() -> None:
    assert read_body(request(body=b'{"a": 1}')) == b'{"a": 1}'
    assert read_body(request(body=b'{"a": 1}', parser=StrictJSONParser)) == {"a": 1}
    assert read_body(request(body=b"{}", parser=StrictJSONParser)) == {}
    with pytest.raises(Invalid):
        read_body(request(body=b'{"a": 1, "a": 1}', parser=StrictJSONParser))


@pytest.mark.parametrize("parser", [RawJSONParser, StrictJSONParser])
def test_no_body_is_not_an_empty_object(parser: type[RawJSONParser]) -> None:
    with pytest.raises(Malformed):
        read_body(request(parser=parser))


def test_a_request_without_fields_has_no_body_or_an_empty_object() -> None:
    refuse_fields(request())
    refuse_fields(request(body=b" {} "))
    with pytest.raises(Invalid) as refusal:
        refuse_fields(request(body=b'{"a": 1, "b": {}}'))
    message = ["There is no such field."]
    assert refusal.value.errors == {"a": message, "b": message}
    with pytest.raises(Malformed):
        refuse_fields(request(body=b" "))


@pytest.mark.parametrize("parser", [RawJSONParser, StrictJSONParser])
def test_a_body_over_the_limit(settings: Any, parser: type[RawJSONParser]) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 10
    assert read_body(request(body=b'"12345678"', parser=parser))
    with pytest.raises(RequestDataTooBig):
        read_body(request(body=b'"123456789"', parser=parser))


class Answer(Struct):
    price: Decimal
    at: datetime
    note: str | UnsetType = UNSET


@pytest.mark.parametrize(
    ("data", "body"),
    [
        (None, b""),
        (
            Answer(Decimal("9.90"), datetime.fromisoformat("2026-01-05T10:00:00+00:00")),
            b'{"price":"9.90","at":"2026-01-05T10:00:00Z"}',
        ),
        ({"a": [1, "\u00e9"]}, '{"a":[1,"\u00e9"]}'.encode()),
        (msgspec.Raw(b'{ "as": "it is" }'), b'{ "as": "it is" }'),
    ],
)
def test_answers_are_encoded(data: Any, body: bytes) -> None:
    assert StructRenderer().render(data) == body


@pytest.mark.parametrize("key", ["k", " ", "~" * 255, "{}\"'\\"])
def test_keys_that_are_taken(key: str) -> None:
    assert idempotency_key(request(headers={"Idempotency-Key": key})) == key


@pytest.mark.parametrize("key", ["", "k" * 256, "\u00e9", "a\nb", "a\x7f", "\0"])
def test_keys_that_are_not(key: str) -> None:
    with pytest.raises(Invalid) as error:
        idempotency_key(request(headers={"Idempotency-Key": key}))
    assert list(error.value.errors) == ["Idempotency-Key"]


def test_a_request_may_come_without_a_key() -> None:
    assert idempotency_key(request()) is None


def test_a_query_string_is_a_struct() -> None:
    assert read_query(request(), Query) == Query()
    assert read_query(request("limit=5"), Query) == Query(limit=5)
    query = read_query(request("at=2026-01-05T12:00:00%2B02:00"), Query)
    assert str(query.at) == "2026-01-05 12:00:00+02:00"


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ("limit=x&page=2", ["limit", "page"]),
        ("limit=1&limit=1", ["limit"]),
        ("limit=", ["limit"]),
        ("at=0001-01-01T00:00:00%2B23:59", ["at"]),
        ("at=9999-12-31T23:59:59-23:59", ["at"]),
        ("at=2026-01-05T12:00:00", ["at"]),
    ],
)
def test_what_a_query_string_may_not_say(query: str, fields: list[str]) -> None:
    with pytest.raises(Invalid) as error:
        read_query(request(query), Query)
    assert sorted(error.value.errors) == fields


@pytest.mark.parametrize(
    "query",
    [
        "",
        "&&",
        "limit=5&",
        "limit=%35",
        "limit=+5",
        "limit",
        "limit=5;page=2",
        "lim%69t=5",
        "%ff=1",
        "at=2026-01-05T12:00:00+02:00",
        "\u00e4=\u00f6",
        "a=1&a=2&limit=5",
    ],
)
def test_both_lanes_read_a_query_string_alike(query: str) -> None:
    def told(read: Callable[[], Query]) -> Any:
        try:
            return read()
        except Invalid as error:
            return error.errors

    assert told(lambda: parse_query(query, Query)) == told(
        lambda: read_query(request(query), Query)
    )


def test_too_many_parameters_are_refused() -> None:
    most = "&".join(["a=1"] * settings.DATA_UPLOAD_MAX_NUMBER_FIELDS)
    with pytest.raises(Invalid):
        parse_query(most, Query)
    with pytest.raises(TooManyFieldsSent):
        parse_query(f"{most}&a=1", Query)
