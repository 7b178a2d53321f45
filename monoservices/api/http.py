"""Between HTTP and views: bodies, query strings and headers come in, structs go out."""

import re
from datetime import datetime
from functools import cache
from typing import Any
from urllib.parse import parse_qsl

import msgspec
import msgspec.inspect
from django.conf import settings
from django.core.handlers.wsgi import WSGIRequest
from django.http import QueryDict
from msgspec import Struct, structs
from rest_framework.metadata import BaseMetadata
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from monoservices.api.decoding import StructType, convert, decode
from monoservices.api.problems import Invalid, Malformed, UnsupportedMediaType
from monoservices.api.strict_json import parse


class RawJSONParser(BaseParser):
    """Makes `request.data` the bytes of the body, for a StructSerializer to decode once."""

    media_type = "application/json"

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        refuse_encoded_body(parser_context["request"])
        # The body of Django's request, which enforces DATA_UPLOAD_MAX_MEMORY_SIZE.
        return parser_context["request"].body


def refuse_encoded_body(request: Request) -> None:
    """Raise UnsupportedMediaType if the body is compressed. Each parser calls this first."""
    if request.META.get("HTTP_CONTENT_ENCODING", "identity").lower() != "identity":
        raise UnsupportedMediaType(
            "The header Content-Encoding is not supported. Send the body uncompressed.",
            errors={"Content-Encoding": ["Expected no such header, or identity."]},
            headers={"Accept-Encoding": "identity"},
        )


class StrictJSONParser(RawJSONParser):
    """Makes `request.data` the decoded body, for a plain DRF serializer."""

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        return parse(super().parse(stream, media_type, parser_context))


class StructRenderer(BaseRenderer):
    """Encodes structs, and dicts and lists of them, as JSON. `msgspec.Raw` is sent as it is."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(self, data: Any, accepted_media_type: Any = None, context: Any = None) -> bytes:
        return b"" if data is None else msgspec.json.encode(data, enc_hook=str)


class Utf8Request(WSGIRequest):
    """A request in UTF-8, whatever charset its Content-Type names.

    Django would decode the query string in that charset, and fail before any view if it is not a
    charset for text. For JSON, the parameter has no meaning (RFC 8259, section 11).
    """

    @property
    def encoding(self) -> None:
        return None

    @encoding.setter
    def encoding(self, charset: str | None) -> None:
        pass


class AllowAlone(BaseMetadata):
    """Answers OPTIONS with the header Allow and no body."""

    def determine_metadata(self, request: Request, view: Any) -> None:
        return None


REPLAYED = "Idempotent-Replayed"
_IDEMPOTENCY_KEY = re.compile(r"[\x20-\x7e]{1,255}", re.ASCII)


def is_idempotency_key(text: str) -> bool:
    """Whether `text` is 1 to 255 printable ASCII characters."""
    return _IDEMPOTENCY_KEY.fullmatch(text) is not None


def idempotency_key(request: Request) -> str | None:
    """Return the request's `Idempotency-Key`, or None if it has none.

    Raises Invalid unless the key is 1 to 255 printable ASCII characters.
    """
    key: str | None = request.headers.get("Idempotency-Key")
    if key is not None and not is_idempotency_key(key):
        raise Invalid(errors={"Idempotency-Key": ["Expected 1 to 255 printable ASCII characters."]})
    return key


def read_body(request: Request) -> Any:
    """Return `request.data`, as the view's parser makes it from the body.

    Raises Malformed if there is no body. DRF would take that for an empty object.
    """
    if request.stream is None:
        raise Malformed("The request has no body, or no Content-Length.")
    return request.data


class NoFields(Struct, forbid_unknown_fields=True):
    """The body of a request whose path says everything."""


def refuse_fields(request: Request) -> None:
    """Accept no body, or an empty object. The view's parser hands on the raw bytes.

    Raises Malformed, or Invalid with an error for each field.
    """
    if request.stream is not None:
        body: Any = request.data
        decode(body, NoFields)


def read_query(request: Request, struct: type[StructType]) -> StructType:
    """Return the query string as a `struct`, as `parse_query` does."""
    return _query(dict(request.query_params.lists()), struct)


def parse_query(query: str, struct: type[StructType]) -> StructType:
    """Return a query string as a `struct`. A parameter that is a list may be sent many times.

    Raises Invalid with the errors by parameter, and TooManyFieldsSent.
    """
    lists: dict[str, Any] = {}
    try:
        # As `QueryDict` does, which takes twice the time.
        most = settings.DATA_UPLOAD_MAX_NUMBER_FIELDS
        for name, value in parse_qsl(query, keep_blank_values=True, max_num_fields=most):
            lists.setdefault(name, []).append(value)
    except ValueError:
        lists = dict(QueryDict(query).lists())  # raises TooManyFieldsSent
    return _query(lists, struct)


def _query(lists: dict[str, Any], struct: type[StructType]) -> StructType:
    many = _lists(struct)
    twice = [name for name, values in lists.items() if len(values) > 1 and name not in many]
    if twice:
        raise Invalid(errors={name: ["Send this parameter only once."] for name in twice})
    sent = {name: values if name in many else values[0] for name, values in lists.items()}
    query = convert(sent, struct, strict=False)
    for name, value in structs.asdict(query).items():
        # Outside these years, converting a time to UTC may leave the range of datetime.
        if isinstance(value, datetime) and not 1900 <= value.year < 9999:
            raise Invalid(errors={name: ["Expected a year from 1900 to 9998."]})
    return query


@cache
def _lists(struct: type[Struct]) -> frozenset[str]:
    """The names of the parameters that are lists."""
    described: Any = msgspec.inspect.type_info(struct)
    return frozenset(field.encode_name for field in described.fields if _is_list(field.type))


def _is_list(described: msgspec.inspect.Type) -> bool:
    match described:
        case msgspec.inspect.Metadata():
            return _is_list(described.type)
        case msgspec.inspect.UnionType():
            return any(map(_is_list, described.types))
    return isinstance(described, msgspec.inspect.ListType)
