"""Idempotency keys for routes that create: the same request with the same key has one effect.

A view checks the request and hands the rest over:

    return once_per_key(request, ProductRequest, serializer.validated_data, create)

The header is that of draft-ietf-httpapi-idempotency-key-header.
"""

import hashlib
from collections.abc import Callable
from typing import Any

import msgspec
from django.db import transaction
from django.utils.encoding import escape_uri_path
from rest_framework.request import Request
from rest_framework.response import Response

from monoservices.api.access import caller
from monoservices.api.http import REPLAYED, StructRenderer, idempotency_key
from monoservices.api.problems import Invalid, KeyReused
from monoservices.database.stored_requests import MAX_PATH, StoredRequest


def once_per_key(
    request: Request,
    table: type[StoredRequest],
    sent: Any,
    carry_out: Callable[[], Response],
) -> Response:
    """Call `carry_out` and store its response, or return the response that is stored already.

    A key counts for its client, the method and the path. Without a key, nothing is stored.
    table: of the service. sent: what the request asks for, checked; the same key with something
        else is refused. carry_out: writes, and makes a JSON response. It runs in the transaction
        that stores the response; one that it refuses (an error, or a status from 400 on) is not
        stored, so that the same key is decided anew. Headers are not stored.
    Two requests with the same key: the second one waits until the first one's transaction ends.
    Raises KeyReused, Invalid for a key that is none, and what `carry_out` raises.
    """
    key = idempotency_key(request)
    if key is None:
        return carry_out()
    with transaction.atomic():
        # The row is written first. Whoever writes it second waits here, before doing anything.
        stored, is_new = table._default_manager.get_or_create(
            client_id=caller(request).client_id,
            method=request.method,
            path=_path(request),
            key=key,
            defaults={"fingerprint": fingerprint_of(sent)},
        )
        if is_new:
            return _store(stored, carry_out())
    if stored.fingerprint != fingerprint_of(sent):
        raise KeyReused
    return Response(_body(stored), status=stored.status, headers={REPLAYED: "true"})


def fingerprint_of(sent: Any) -> str:
    """SHA-256, in hex, of what a request asks for; the order of its fields does not matter."""
    text = msgspec.json.encode(sent, enc_hook=str, order="deterministic")
    return hashlib.sha256(text).hexdigest()


def _path(request: Request) -> str:
    path = escape_uri_path(request.path_info)
    if len(path) > MAX_PATH:
        text = f"Send a key only with a path of at most {MAX_PATH} characters."
        raise Invalid(errors={"Idempotency-Key": [text]})
    return path


def _store(stored: StoredRequest, response: Response) -> Response:
    """Store the response; return it as it will be replayed, byte for byte."""
    if response.status_code >= 400:
        transaction.set_rollback(True)
        return response
    stored.status = response.status_code
    stored.answer = StructRenderer().render(response.data).decode()
    stored.save(update_fields=["status", "answer"])
    response.data = _body(stored)
    return response


def _body(stored: StoredRequest) -> msgspec.Raw | None:
    return msgspec.Raw(stored.answer.encode()) if stored.answer else None
