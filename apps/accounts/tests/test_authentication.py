from datetime import timedelta

import pytest
from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from pytest_django import DjangoAssertNumQueries
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from apps.accounts import operations
from apps.accounts.authentication import ApiKeyAuthentication
from apps.accounts.keys import new_secret
from apps.accounts.models import ApiKey
from apps.accounts.operations import IssuedKey
from monoservices.api.access import ScopePermission
from monoservices.services.scopes import Caller

pytestmark = pytest.mark.django_db


class WhoView(APIView):
    authentication_classes = (ApiKeyAuthentication,)
    permission_classes = (ScopePermission,)
    scopes = {"GET": "things:read", "POST": "things:manage"}

    def get(self, request: Request) -> Response:
        assert isinstance(request.auth, Caller)
        return Response({"actor": request.auth.actor})

    def post(self, request: Request) -> Response:
        return Response()


@pytest.fixture
def issued() -> IssuedKey:
    return operations.issue_key(client_name="shop", scopes=["things:read"])


def answer(authorization: str | None, method: str = "GET") -> Response:
    headers = {} if authorization is None else {"Authorization": authorization}
    request = APIRequestFactory().generic(method, "/", headers=headers)
    return WhoView.as_view()(request)


def authenticate(authorization: str) -> tuple[None, Caller] | None:
    request = APIRequestFactory().get("/", headers={"Authorization": authorization})
    return ApiKeyAuthentication().authenticate(Request(request))


@pytest.mark.parametrize("scheme", ["Bearer ", "bearer ", "BEARER   "])
def test_a_key_says_who_calls_and_what_they_may_do(issued: IssuedKey, scheme: str) -> None:
    expected = Caller(client_id=issued.key.client_id, scopes=frozenset(["things:read"]))
    assert authenticate(scheme + issued.secret) == (None, expected)


def test_a_view_lets_the_holder_of_the_scope_in(issued: IssuedKey) -> None:
    response = answer(f"Bearer {issued.secret}")
    assert response.status_code == 200
    assert response.data == {"actor": f"client:{issued.key.client_id}"}


def test_a_key_without_the_scope_is_known_but_not_let_in(issued: IssuedKey) -> None:
    assert answer(f"Bearer {issued.secret}", "POST").status_code == 403


def test_without_a_header_the_answer_is_401_with_a_challenge() -> None:
    response = answer(None)
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="api"'


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer {secret}x",
        "Bearer {secret}\n",
        "Bearer  {secret} {secret}",
        "Bearer\t{secret}",
        "Bearer tp_short",
        "Bearer {upper}",
        "Bearer tp_" + "é" * 43,
        "Bearer tp_" + "٣" * 43,
        "Bearer tp_\x00" + "a" * 42,
        "Bearer tp_" + "a" * 100_000,
        "Bearer" + " " * 100_000,
        "Basic {secret}",
        "Token {secret}",
        "{secret}",
    ],
)
def test_a_header_that_is_not_a_key_is_refused_without_a_look_up(
    issued: IssuedKey,
    django_assert_num_queries: DjangoAssertNumQueries,
    authorization: str,
) -> None:
    secret = issued.secret
    header = authorization.format(secret=secret, upper=secret.replace("tp_", "TP_"))
    with django_assert_num_queries(0), pytest.raises(AuthenticationFailed) as refusal:
        authenticate(header)
    assert refusal.value.get_codes() == "invalid_key"


def test_an_unknown_key_is_refused(issued: IssuedKey) -> None:
    with pytest.raises(AuthenticationFailed) as refusal:
        authenticate(f"Bearer {new_secret()}")
    assert refusal.value.get_codes() == "invalid_key"
    response = answer(f"Bearer {new_secret()}")
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="api"'


def test_a_revoked_key_is_refused_at_once(issued: IssuedKey) -> None:
    authorization = f"Bearer {issued.secret}"
    assert answer(authorization).status_code == 200
    operations.revoke_key(key_id=issued.key.id)
    assert answer(authorization).status_code == 401


@pytest.mark.django_db(transaction=True)
def test_a_request_costs_one_statement_and_one_more_a_minute(
    issued: IssuedKey, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    authorization = f"Bearer {issued.secret}"
    with django_assert_num_queries(2):
        authenticate(authorization)
    with django_assert_num_queries(1):
        authenticate(authorization)
    ApiKey.objects.update(last_used_at=timezone.now() - timedelta(minutes=1))
    with django_assert_num_queries(2):
        authenticate(authorization)


def test_the_openapi_document_says_bearer() -> None:
    extension = OpenApiAuthenticationExtension.get_match(ApiKeyAuthentication())
    assert extension is not None
    definition = extension.get_security_definition(AutoSchema())
    assert isinstance(definition, dict)
    assert (definition["type"], definition["scheme"]) == ("http", "bearer")
