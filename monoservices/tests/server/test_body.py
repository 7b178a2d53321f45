"""Bodies as they come from an ASGI server: within limits of size, time and room, or not at all."""

import asyncio

import pytest

from monoservices.api.problems import (
    InvalidKey,
    Malformed,
    TooLarge,
    Unavailable,
)
from monoservices.server import body as body_module
from monoservices.server.asgi import Message
from monoservices.server.body import SMALL
from monoservices.tests.server.bodies import (
    CHUNKED,
    GONE,
    HALF,
    LARGE,
    MIB,
    NOTHING,
    Sender,
    announced,
    during,
    fails,
    read,
)
from tests.asgi import request_parts


@pytest.mark.parametrize("headers", [[], announced(0), [("expect", "100-continue")]])
def test_nothing_is_awaited_where_no_body_is_announced(headers: list[tuple[str, str]]) -> None:
    assert read(headers, request_parts(b"")) == (b"", 1)


@pytest.mark.parametrize("headers", [announced(10), CHUNKED])
@pytest.mark.parametrize(
    "parts",
    [
        [b"0123456789"],
        [b"01234", b"56789"],
        [b"", b"0123456789", b""],
        [b"%d" % i for i in range(10)],
    ],
)
def test_a_body_up_to_the_limit(headers: list[tuple[str, str]], parts: list[bytes]) -> None:
    assert read(headers, request_parts(*parts)) == (b"0123456789", 0)


def test_a_body_that_is_there_whole_is_not_asked_for_again() -> None:
    messages: list[Message] = [
        {"type": "http.request", "body": b"0123456789", "more_body": True},
        {"type": "http.request", "body": b""},
    ]
    assert read(announced(10), messages) == (b"0123456789", 1)
    assert read(CHUNKED, messages) == (b"0123456789", 0)


@pytest.mark.parametrize(
    "headers", [[*announced(2), *CHUNKED], [*CHUNKED, *announced(2)], [*CHUNKED, *announced(11)]]
)
def test_of_two_lengths_the_chunks_count(headers: list[tuple[str, str]]) -> None:
    assert read(headers, request_parts(b"01", b"23")) == (b"0123", 0)


def test_a_message_without_a_body_is_an_empty_one() -> None:
    assert read(CHUNKED, [{"type": "http.request"}]) == (b"", 0)
    first: Message = {"type": "http.request", "more_body": True}
    assert read(CHUNKED, [first, *request_parts(b"a")]) == (b"a", 0)


def test_a_body_announced_as_too_large_is_not_read() -> None:
    fails(TooLarge, announced(11), [])


@pytest.mark.parametrize("parts", [[b"x" * 11], [b"x" * 10, b"x"], [b"x" * 11, b"", b""]])
def test_parts_are_counted(parts: list[bytes]) -> None:
    fails(TooLarge, CHUNKED, request_parts(*parts))


def test_parts_past_the_limit_are_not_read() -> None:
    sender = Sender()
    fails(TooLarge, CHUNKED, request_parts(b"x" * 8, b"x" * 3, b"never"), sender=sender)
    assert sender.left == 1


@pytest.mark.parametrize("headers", [announced(10), CHUNKED])
@pytest.mark.parametrize("parts", [[], [b"x"], [b"x", b"y"]])
def test_a_body_that_ends_early(headers: list[tuple[str, str]], parts: list[bytes]) -> None:
    messages = [message | {"more_body": True} for message in map(dict, request_parts(*parts))]
    problem = fails(Malformed, headers, [*messages, GONE])
    assert problem.detail == "The request body ended early, or its chunks are not valid."


@pytest.mark.parametrize("known", [True, False])
def test_a_small_body_is_read_from_anyone(known: bool) -> None:
    for headers in (announced(SMALL), CHUNKED):
        for parts in ([b"x" * SMALL], [b"x" * HALF] * 2):
            assert read(headers, request_parts(*parts), MIB) == (b"x" * SMALL, 0)


def test_who_announces_a_large_body_must_be_known_before_any_of_it_is_read() -> None:
    sender = Sender(refusal=InvalidKey())
    fails(InvalidKey, announced(SMALL + 1), request_parts(*LARGE), MIB, sender=sender)
    assert (sender.asked, sender.left) == (1, 3)


@pytest.mark.parametrize(
    ("parts", "left"), [(LARGE, 0), ([*LARGE, b"never"], 1), ([b"x" * (SMALL + 1)], 0)]
)
def test_whose_chunks_become_many_must_be_known_before_more_is_read(
    parts: list[bytes], left: int
) -> None:
    sender = Sender(refusal=InvalidKey())
    fails(InvalidKey, CHUNKED, request_parts(*parts), MIB, sender=sender)
    assert (sender.asked, sender.left) == (1, left)


@pytest.mark.parametrize("headers", [CHUNKED, announced(3 * HALF)])
@pytest.mark.parametrize("known", [True, False])
def test_a_large_body_counts_until_it_is_closed(
    headers: list[tuple[str, str]], known: bool
) -> None:
    sender = Sender(known=known)
    body, held = asyncio.run(sender.send(headers, request_parts(*LARGE)))
    assert (body, sender.asked, sender.left) == (b"".join(LARGE), 1, 0)
    assert sender.taken == ((0, 3 * HALF, 0) if known else (3 * HALF, 0, 0))
    assert held is not None
    held.close()
    held.close()
    assert sender.taken == NOTHING


def test_past_the_room_for_strangers_only_known_senders_are_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(body_module, "STRANGERS_MEMORY", 4 * 10)
    known, unknown = Sender(), Sender(refusal=InvalidKey())
    unknown.intake.strangers = known.intake.strangers

    async def full() -> None:
        assert known.intake.strangers.memory == 0
        with pytest.raises(InvalidKey):
            await unknown.send(CHUNKED, request_parts(b"x", b"y"))
        assert await known.send(CHUNKED, request_parts(b"x", b"y")) == (b"xy", None)
        assert known.asked == unknown.asked == 1
        # A body that is there whole waits for nothing.
        assert await unknown.send(CHUNKED, request_parts(b"xy")) == (b"xy", None)

    assert during(known, 4, [b"0123456789", b""], full) == [(b"0123456789", None)] * 4
    assert known.taken == NOTHING


def test_past_the_room_where_nobody_is_known_nobody_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(body_module, "STRANGERS_MEMORY", 4 * 10)
    sender = Sender(known=False)

    async def full() -> None:
        with pytest.raises(Unavailable) as raised:
            await sender.send(CHUNKED, request_parts(b"x", b"y"))
        assert raised.value.headers == {"Retry-After": "1"}

    assert during(sender, 4, [b"0123456789", b""], full) == [(b"0123456789", None)] * 4
    assert sender.taken == NOTHING


@pytest.mark.parametrize("headers", [CHUNKED, announced(3 * HALF)])
def test_past_the_room_for_callers_none_is_read(
    monkeypatch: pytest.MonkeyPatch, headers: list[tuple[str, str]]
) -> None:
    monkeypatch.setattr(body_module, "CALLERS_MEMORY", 2 * 3 * HALF)
    sender = Sender()

    async def full() -> None:
        assert sender.taken == (0, 2 * 3 * HALF, 0)
        with pytest.raises(Unavailable):
            await sender.send(headers, request_parts(*LARGE))
        assert sender.left == (0 if headers == CHUNKED else 3)
        assert sender.taken == (0, 2 * 3 * HALF, 0)

    for body, held in during(sender, 2, [*LARGE, b""], full):
        assert body == b"".join(LARGE)
        assert held is not None
        held.close()
    assert sender.taken == NOTHING
