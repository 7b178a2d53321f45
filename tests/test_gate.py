"""Who comes in: hosts, plain HTTP, probes, and what a production start takes."""

import logging
import os
import subprocess
import sys
from typing import Any

import pytest
from django.test import Client

from conftest import Api
from tests.test_serve import ROOT

BEHIND_TLS = {
    "SECURE_SSL_REDIRECT": True,
    "SECURE_PROXY_SSL_HEADER": ("HTTP_X_FORWARDED_PROTO", "https"),
    "ALLOWED_HOSTS": ["shop.example"],
}
BROWSER = {"accept": "text/html,application/xhtml+xml", "host": "shop.example"}
SHOP: dict[str, Any] = {"host": "shop.example"}


@pytest.fixture
def behind_tls(settings: Any) -> None:
    for name, value in BEHIND_TLS.items():
        setattr(settings, name, value)


@pytest.mark.usefixtures("behind_tls", "db")
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PATCH", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("path", ["products/", "orders/", "orders/1/", "nowhere/"])
def test_api_calls_over_plain_http_are_refused(api: Api, method: str, path: str) -> None:
    """A redirect would let a client work that sends its key in clear."""
    for secret in (api.secret, None):
        response = Api(secret).send(method, path, **SHOP)
        assert "Location" not in response.headers
        assert response.headers["Content-Type"] == "application/problem+json"
        assert response.status == 403
        assert method == "HEAD" or response.error == (403, "https_required", {})


@pytest.mark.usefixtures("behind_tls", "db")
def test_an_order_over_tls_is_taken(api: Api) -> None:
    secure = SHOP | {"x_forwarded_proto": "https"}
    assert api.get("products/", **secure).status == 200
    assert api.get("products/", **SHOP).error == (403, "https_required", {})


@pytest.mark.usefixtures("behind_tls")
@pytest.mark.parametrize("path", ["/", "/console/", "/api/docs/", "/api/schema/"])
def test_pages_over_plain_http_are_redirected(path: str) -> None:
    response = Client().get(path, headers=BROWSER)
    assert (response.status_code, response.headers["Location"]) == (
        301,
        f"https://shop.example{path}",
    )


@pytest.mark.usefixtures("behind_tls")
def test_no_key_is_redirected_whatever_is_accepted() -> None:
    headers = BROWSER | {"authorization": "Bearer tp_x"}
    assert Client().get("/api/v1/products/", headers=headers).status_code == 403


@pytest.mark.usefixtures("behind_tls", "transactional_db")
@pytest.mark.parametrize("path", ["/livez", "/readyz", "/readyz?writes=1", "/metrics"])
def test_probes_may_come_by_address_and_past_the_proxy(settings: Any, path: str) -> None:
    settings.METRICS_TOKEN = "token"
    headers = {"authorization": "Bearer token", "host": "10.0.0.7:8000"}
    assert Client().get(path, headers=headers).status_code == 200
    assert Client().post(path, headers=headers).status_code == 405


@pytest.mark.parametrize("path", ["/", "/console/login/", "/api/v1/products/", "/api/docs/"])
@pytest.mark.parametrize("host", ["evil.example", "a b", "localhost:port"])
def test_another_host_is_a_problem_and_no_traceback(
    path: str, host: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        response = Client(raise_request_exception=False).get(path, headers={"host": host})
    assert (response.status_code, response.json()["code"]) == (400, "invalid")
    assert response.headers["Content-Type"] == "application/problem+json"
    assert [each.exc_info for each in caplog.records if each.exc_info] == []
    assert len(caplog.records) <= 1


@pytest.mark.parametrize(
    ("path", "detail"),
    [
        ("/api/v1/products", "There is nothing at this address, but at /api/v1/products/."),
        ("/api/v1/orders/17", "There is nothing at this address, but at /api/v1/orders/17/."),
        ("/api/schema", "There is nothing at this address, but at /api/schema/."),
        ("/api/v1/nothing", "There is nothing at this address."),
        ("/api/v1/orders/17//", "There is nothing at this address."),
        ("/api/v1/", "There is nothing at this address."),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_missing_final_slash_is_named(method: str, path: str, detail: str) -> None:
    response = Client().generic(method, path)
    assert (response.status_code, response.json()["detail"]) == (404, detail)


# What a production start takes

SETTINGS = """
from django.conf import settings
print(settings.SECURE_HSTS_SECONDS, settings.SECURE_HSTS_INCLUDE_SUBDOMAINS,
      settings.SECURE_HSTS_PRELOAD)
"""


def start(**settings: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "manage.py", "shell", "--verbosity=0", "--command", SETTINGS],
        cwd=ROOT,
        env=os.environ | settings,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ({}, "31536000 False False"),
        ({"HSTS_SUBDOMAINS": "on"}, "31536000 True False"),
        ({"HSTS_SUBDOMAINS": "on", "HSTS_PRELOAD": "on"}, "31536000 True True"),
    ],
)
def test_hsts_reaches_as_far_as_is_chosen(chosen: dict[str, str], expected: str) -> None:
    assert start(HTTPS="on", **chosen).stdout.strip() == expected


@pytest.mark.parametrize(
    ("secret", "state"), [("", "is not set"), ("x" * 49, "has less than 50 characters")]
)
def test_a_short_secret_key_stops_a_production_start(secret: str, state: str) -> None:
    stopped = start(SECRET_KEY=secret)
    assert stopped.returncode == 1
    message = stopped.stderr.splitlines()[-1]
    assert f"SECRET_KEY {state}. Put a line SECRET_KEY=" in message
    assert "secrets.token_urlsafe(50)" in message
    assert start(SECRET_KEY=secret, DEBUG="on").returncode == 0
