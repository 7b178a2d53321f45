"""The same request with the same key: carried out once, in one transaction with its answer."""

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from monoservices.api.http import read_body
from monoservices.api.idempotency import once_per_key
from monoservices.api.problems import Conflict
from monoservices.api.strict_json import parse
from monoservices.services.scopes import Caller
from monoservices.tests.example_model import Thing, ThingRequest

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("things")]


class ThingsView(APIView):
    """Creates the thing that the body names. `outcome` says what becomes of it."""

    scopes = {"POST": "things:write", "PUT": "things:write"}
    outcome: Callable[[Thing], Response]

    def post(self, request: Any, name: str = "") -> Response:
        sent = parse(read_body(request))

        def create() -> Response:
            return type(self).outcome(Thing.objects.create(sku="", name=sent["name"]))

        return once_per_key(request, ThingRequest, sent, create)

    put = post


def created(thing: Thing) -> Response:
    body = {"id": thing.pk, "name": thing.name, "price": thing.price}
    return Response(body, status=201, headers={"X-First": "yes"})


def empty(thing: Thing) -> Response:
    return Response(status=204)


def refused(thing: Thing) -> Response:
    raise Conflict


def refused_by_status(thing: Thing) -> Response:
    return Response({"code": "conflict"}, status=409)


def send(
    body: str = '{"name": "Mug"}',
    *,
    key: str | None = "k",
    client: int = 7,
    method: str = "POST",
    path: str = "/things/",
    outcome: Callable[[Thing], Response] = created,
) -> Response:
    ThingsView.outcome = staticmethod(outcome)
    headers: Any = {} if key is None else {"HTTP_IDEMPOTENCY_KEY": key}
    request = APIRequestFactory().generic(method, path, body, "application/json", **headers)
    who = Caller(client, frozenset({"things:write"}))
    sender = SimpleNamespace(authenticate=lambda _: (None, who), authenticate_header=lambda _: "")
    response: Response = ThingsView.as_view(authentication_classes=[lambda: sender])(request)
    response.render()
    return response


def test_the_same_request_is_carried_out_once() -> None:
    first, again = send(), send()
    thing = Thing.objects.get()
    assert first.status_code == again.status_code == 201
    assert json.loads(first.content) == {"id": thing.pk, "name": "Mug", "price": "0"}
    assert again.content == first.content
    assert first.headers["Content-Type"] == again.headers["Content-Type"] == "application/json"
    assert (first.headers.get("Idempotent-Replayed"), first.headers["X-First"]) == (None, "yes")
    assert again.headers["Idempotent-Replayed"] == "true"


def test_the_answer_stays_the_first_one() -> None:
    first = send()
    Thing.objects.update(name="Pot")
    assert send().content == first.content


def test_without_a_key_nothing_is_stored() -> None:
    assert send(key=None).content != send(key=None).content
    assert (Thing.objects.count(), ThingRequest.objects.count()) == (2, 0)


def test_the_order_of_fields_and_white_space_do_not_matter() -> None:
    first = send('{"name": "Mug", "size": 1}')
    assert send('{ "size":1,"name":"Mug"}').content == first.content
    assert Thing.objects.count() == 1


def test_another_request_with_the_key_is_refused() -> None:
    send()
    other = send('{"name": "Pot"}')
    assert (other.status_code, json.loads(other.content)["code"]) == (422, "idempotency_key_reused")
    assert [each.name for each in Thing.objects.all()] == ["Mug"]


@pytest.mark.parametrize(
    "other", [{"client": 8}, {"path": "/things/1/"}, {"method": "PUT"}, {"key": "K"}], ids=str
)
def test_a_key_counts_for_its_client_method_and_path(other: dict[str, Any]) -> None:
    assert send().content != send(**other).content
    assert Thing.objects.count() == 2
    assert send(**other).headers["Idempotent-Replayed"] == "true"


@pytest.mark.parametrize("outcome", [refused, refused_by_status])
def test_a_refusal_leaves_nothing_and_is_decided_anew(outcome: Any) -> None:
    for _ in range(2):
        assert send(outcome=outcome).status_code == 409
        assert (Thing.objects.count(), ThingRequest.objects.count()) == (0, 0)
    assert send('{"name": "Pot"}').status_code == 201


def test_a_response_without_a_body() -> None:
    assert [send(outcome=empty).content for _ in range(2)] == [b"", b""]
    assert send(outcome=empty).status_code == 204
    assert Thing.objects.count() == 1


@pytest.mark.parametrize(
    ("key", "path"), [("", "/things/"), ("é", "/things/"), ("k", f"/{'0' * 300}/")]
)
def test_a_key_that_cannot_be_stored_is_refused(key: str, path: str) -> None:
    response = send(key=key, path=path)
    assert (response.status_code, list(json.loads(response.content)["errors"])) == (
        400,
        ["Idempotency-Key"],
    )
    assert (Thing.objects.count(), ThingRequest.objects.count()) == (0, 0)


def test_a_path_of_any_characters_is_stored() -> None:
    assert send(path="/things/%00%C3%A9/").content == send(path="/things/%00é/").content
    assert ThingRequest.objects.get().path == "/things/%00%C3%A9/"
