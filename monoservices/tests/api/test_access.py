from types import SimpleNamespace
from typing import Any

import pytest
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from monoservices.api.access import ScopePermission, caller
from monoservices.services.scopes import Caller


class NoteView(APIView):
    scopes = {"GET": "notes:read"}
    permission_classes = [ScopePermission]

    def get(self, request: Any) -> Response:
        return Response({"actor": caller(request).actor})

    def post(self, request: Any) -> Response:  # has no scope, so nobody may
        return Response(status=201)


class Sender(SimpleNamespace):
    """Authenticates every request as `auth`."""

    def authenticate(self, request: Any) -> tuple[None, Any] | None:
        return None if self.auth is None else (None, self.auth)

    def authenticate_header(self, request: Any) -> str:
        return "Bearer"


def call(method: str, auth: Any) -> Response:
    request = APIRequestFactory().generic(method, "/")
    view = NoteView.as_view(authentication_classes=[lambda: Sender(auth=auth)])
    response: Response = view(request)
    return response


READER = Caller(client_id=7, scopes=frozenset({"notes:read"}))
WRITER = Caller(client_id=8, scopes=frozenset({"notes:write", "notes:reading"}))


@pytest.mark.parametrize(
    ("method", "auth", "status"),
    [
        ("GET", READER, 200),
        ("HEAD", READER, 200),
        ("GET", WRITER, 403),
        ("HEAD", WRITER, 403),
        ("POST", READER, 403),
        ("POST", WRITER, 403),
        ("OPTIONS", WRITER, 200),
        ("DELETE", WRITER, 405),
        ("INITIAL", WRITER, 405),
        ("GET", None, 401),
        ("OPTIONS", None, 401),
        ("DELETE", None, 401),
        ("GET", "a session, or what else DRF knows", 403),
    ],
)
def test_a_scope_opens_its_method(method: str, auth: Any, status: int) -> None:
    assert call(method, auth).status_code == status


def test_who_calls() -> None:
    assert call("GET", READER).data == {"actor": "client:7"}


def test_a_view_without_a_caller_is_a_fault_of_ours() -> None:
    with pytest.raises(TypeError):
        caller(SimpleNamespace(auth=None))  # type: ignore[arg-type]
