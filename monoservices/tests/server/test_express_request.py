"""What the express lane takes to be clean."""

from typing import Any

import pytest
from django.test import override_settings

from monoservices.server.express_request import ExpressRequest, express_request
from tests.asgi import http_scope

JSON = ("content-type", "application/json")


def cleaned(*headers: tuple[str, str], body: bytes = b"{}", **scope: Any) -> ExpressRequest | None:
    return express_request(http_scope("POST", "/", headers, **scope), body)


def test_what_a_clean_request_says() -> None:
    location = "http://localhost/"
    assert cleaned(JSON) == ExpressRequest("", b"{}", location=location)
    sent = [JSON, ("authorization", "Bearer \xe9"), ("idempotency-key", "a b~")]
    assert cleaned(*sent, body=b"\xff") == ExpressRequest(
        "Bearer \xe9", b"\xff", "a b~", location=location
    )


def test_what_a_clean_request_that_reads_says() -> None:
    sent = [("if-none-match", '"1"'), ("idempotency-key", "\xe9"), ("host", "localhost:80")]
    for method in ("GET", "HEAD"):
        scope = http_scope(method, "/a/1/", sent, query="limit=1&a", scheme="https")
        assert express_request(scope, b"") == ExpressRequest(
            "",
            query="limit=1&a",
            if_none_match='"1"',
            is_secure=True,
            location="https://localhost:80/a/1/",
        )
        assert express_request(scope, b"{}") is None


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("content-type", "text/plain")],
        [("content-type", "application/json; charset=utf-8")],
        [JSON, JSON],
        [JSON, ("x-unknown", "1"), ("x-unknown", "2")],
        [JSON, ("accept", "application/json, */*")],
        [JSON, ("accept", "")],
        [JSON, ("cookie", "sessionid=x")],
        [JSON, ("content-encoding", "gzip")],
        [JSON, ("host", "")],
        [JSON, ("host", "evil.example")],
        [JSON, ("host", "localhost.evil.example")],
        [JSON, ("host", "localhost:port")],
        [JSON, ("idempotency-key", "")],
        [JSON, ("idempotency-key", "k" * 256)],
        [JSON, ("idempotency-key", "\xe9")],
        [JSON, ("idempotency-key", "a\n")],
    ],
)
def test_what_is_not_clean(headers: list[tuple[str, str]]) -> None:
    assert cleaned(*headers) is None


def test_a_query_string_is_not_clean() -> None:
    assert cleaned(JSON, query="a") is None


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:80", "127.0.0.1", "[::1]:8000"])
def test_a_host_of_ours(host: str) -> None:
    assert cleaned(JSON, ("host", host)) is not None


def test_hosts_follow_the_settings_of_now() -> None:
    other = [JSON, ("host", "shop.example")]
    assert cleaned(*other) is None
    with override_settings(ALLOWED_HOSTS=[".example"]):
        assert cleaned(*other) is not None
        assert cleaned(JSON) is None


@override_settings(SECURE_SSL_REDIRECT=True)
def test_without_a_trusted_proxy_only_the_connection_says_whether_it_is_tls() -> None:
    forwarded = ("x-forwarded-proto", "https")
    assert cleaned(JSON, forwarded) is None
    assert cleaned(JSON, scheme="https") is not None


@override_settings(
    SECURE_SSL_REDIRECT=True, SECURE_PROXY_SSL_HEADER=("HTTP_X_FORWARDED_PROTO", "https")
)
@pytest.mark.parametrize(
    ("scheme", "forwarded", "expected"),
    [("http", "https", True), ("http", "HTTPS", False), ("https", "http", False)],
)
def test_a_trusted_proxy_has_the_last_word(scheme: str, forwarded: str, expected: bool) -> None:
    request = cleaned(JSON, ("x-forwarded-proto", forwarded), scheme=scheme)
    assert (request is not None) is expected
