"""Fixtures for all tests: a database, API clients and staff; and hypothesis without time limits."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import hypothesis
import pytest
from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.test import Client, override_settings

pytest_plugins = ["monoservices.testing"]

# How long an example takes depends on the machine, not on whether the code is right.
hypothesis.settings.register_profile(
    "tradepost", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("tradepost")


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Put SQLite's test database in a file, so that threads and processes share it."""
    if connection.vendor == "sqlite":
        file = tmp_path_factory.mktemp("database") / "test.sqlite3"
        connection.settings_dict["TEST"]["NAME"] = str(file)


@pytest.fixture(scope="session", autouse=True)
def _quick_passwords() -> Iterator[None]:
    """Hash passwords quickly. A safe hash costs a tenth of a second per user."""
    hashers = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    with override_settings(PASSWORD_HASHERS=hashers):
        yield


@pytest.fixture(autouse=True)
def _no_connections_of_health_checks() -> Iterator[None]:
    """Close what `/readyz` has opened, so that the test database can be dropped."""
    from monoservices.database import health

    yield
    health.close()


class Api:
    """A client of the API. Its methods take a path below /api/v1/ and JSON.

    secret: of its key. client_id: the id of the key's client; 0 without a key.
    """

    def __init__(self, secret: str | None = None, client_id: int = 0) -> None:
        self.secret = secret
        self.client_id = client_id
        self.client = Client(raise_request_exception=False)

    def send(
        self, method: str, path: str, data: Any = None, *, body: bytes | None = None, **headers: Any
    ) -> "Answer":
        """Send `data` as JSON, or `body` unchanged. headers: such as `idempotency_key="k"`."""
        if self.secret is not None:
            headers = {"authorization": f"Bearer {self.secret}"} | headers
        if body is None:
            body = b"" if data is None else json.dumps(data).encode()
        url = path if path.startswith(("/", "http")) else f"/api/v1/{path}"
        response = self.client.generic(
            method,
            url,
            body,
            headers.pop("content_type", "application/json"),
            headers={name.replace("_", "-"): value for name, value in headers.items()},
        )
        return Answer(response)

    def get(self, path: str, **headers: Any) -> "Answer":
        return self.send("GET", path, **headers)

    def post(self, path: str, data: Any = None, **headers: Any) -> "Answer":
        return self.send("POST", path, data, **headers)

    def patch(self, path: str, data: Any = None, **headers: Any) -> "Answer":
        return self.send("PATCH", path, data, **headers)

    def delete(self, path: str, **headers: Any) -> "Answer":
        return self.send("DELETE", path, **headers)


class Answer:
    """A response of the API. json: None without a body."""

    def __init__(self, response: Any) -> None:
        self.status: int = response.status_code
        self.headers = response.headers
        self.content: bytes = response.getvalue()

    @property
    def json(self) -> Any:
        return json.loads(self.content) if self.content else None

    @property
    def error(self) -> tuple[int, str, dict[str, list[str]]]:
        """The status, code and errors of a problem document."""
        assert self.headers["Content-Type"] == "application/problem+json"
        problem = self.json
        return self.status, problem["code"], problem.get("errors", {})


@pytest.fixture
def undone(db: None) -> Iterator[None]:
    """Undo what breaks foreign keys, which are checked at the end of a transaction."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture
def make_api(db: None) -> Callable[..., Api]:
    """A function that creates a client of the API: `make_api("orders:read", client="shop")`.

    Without scopes, the key has the default scopes.
    """

    from apps.accounts.operations import issue_key

    def make(*scopes: str, client: str = "shop") -> Api:
        issued = issue_key(client_name=client, scopes=scopes or None)
        return Api(issued.secret, issued.key.client_id)

    return make


@pytest.fixture
def api(make_api: Callable[..., Api]) -> Api:
    """A client of the API whose key has every scope."""
    from apps.accounts.scopes import known_scopes

    return make_api(*known_scopes())


@pytest.fixture
def staff(db: None) -> Callable[..., Client]:
    """A function that signs in `ada` with only the named permissions: `staff("view_order")`."""
    from django.contrib.auth.models import Permission

    def sign_in(*codenames: str) -> Client:
        permissions = Permission.objects.filter(codename__in=codenames)
        assert len(permissions) == len(codenames)
        user = get_user_model().objects.create_user("ada", is_staff=True)
        user.user_permissions.set(permissions)
        browser = Client()
        browser.force_login(user)
        return browser

    return sign_in
