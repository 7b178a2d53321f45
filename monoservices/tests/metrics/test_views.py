"""/metrics is for the machine itself, or for those who show the token; for nobody else."""

from collections.abc import Mapping
from typing import Any

import pytest
from django.test import Client, override_settings

from monoservices.metrics import Counter

TOKEN = "a-token-of-the-tests"


def ask(address: str = "127.0.0.1", **headers: str) -> Any:
    return Client().get("/metrics", REMOTE_ADDR=address, headers=headers)


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1"])
def test_the_machine_itself_may_read(address: str) -> None:
    response = ask(address)
    assert response.status_code == 200
    assert response.headers["Content-Type"].startswith("text/plain; version=")


@pytest.mark.parametrize("address", ["192.0.2.7", "::ffff:192.0.2.7", "2001:db8::1", "", "unix:"])
def test_others_may_not(address: str) -> None:
    response = ask(address)
    assert response.status_code == 403
    assert response.json()["code"] == "permission_denied"
    assert b"monoservices_" not in response.content


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-For": "127.0.0.1"},
        {"X-Forwarded-For": ""},
        {"X-Forwarded-Host": "shop.example.com"},
        {"X-Forwarded-Proto": "https"},
        {"X-Real-IP": "127.0.0.1"},
        {"Forwarded": "for=127.0.0.1"},
        {"Via": "1.1 proxy"},
        {"Authorization": "Bearer "},
    ],
    ids=str,
)
def test_a_proxy_on_the_machine_does_not_open_it(headers: Mapping[str, str]) -> None:
    expected = 200 if "Authorization" in headers else 403
    assert ask(**headers).status_code == expected


@override_settings(SECURE_PROXY_SSL_HEADER=("HTTP_X_FORWARDED_PROTO", "https"))
def test_where_a_proxy_is_configured_the_token_is_needed() -> None:
    assert ask().status_code == 403
    with override_settings(METRICS_TOKEN=TOKEN):
        assert ask(Authorization=f"Bearer {TOKEN}").status_code == 200


@override_settings(METRICS_TOKEN=TOKEN)
@pytest.mark.parametrize(
    ("authorization", "status"),
    [
        (f"Bearer {TOKEN}", 200),
        (f"bearer {TOKEN}", 200),
        (f"Bearer {TOKEN}x", 403),
        (f"Bearer {TOKEN[:-1]}", 403),
        ("Bearer tökén", 403),
        ("Bearer", 403),
        (f"Basic {TOKEN}", 403),
        (TOKEN, 403),
        ("", 403),
    ],
)
def test_with_a_token_nothing_else_opens_it(authorization: str, status: int) -> None:
    assert ask(Authorization=authorization).status_code == status
    assert ask("192.0.2.7", Authorization=authorization).status_code == status
    forwarded = {"X-Forwarded-For": "192.0.2.7", "Authorization": authorization}
    assert ask(**forwarded).status_code == status


@override_settings(METRICS_TOKEN="")
def test_an_empty_token_opens_nothing() -> None:
    assert ask("192.0.2.7", Authorization="Bearer ").status_code == 403


def test_it_shows_what_was_counted_just_now() -> None:
    Counter("test_shown_total", "Shown.").of().add(3)
    assert b"\ntest_shown_total 3.0\n" in ask().content


def test_it_is_for_reading() -> None:
    assert Client().post("/metrics").status_code == 405
    assert Client().head("/metrics").status_code == 200
