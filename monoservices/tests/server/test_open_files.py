"""How many connections a worker may accept, by the limit of open files."""

import resource
from typing import Any

import pytest

from monoservices.server.open_files import (
    CONNECTIONS,
    OTHERS,
    TooFewFiles,
    allowed_connections,
)

WANTED = 2 * CONNECTIONS + OTHERS
UNLIMITED = resource.RLIM_INFINITY


@pytest.mark.parametrize(
    ("soft", "hard", "raised", "allowed"),
    [
        (UNLIMITED, UNLIMITED, UNLIMITED, CONNECTIONS),
        (1_024, UNLIMITED, WANTED, CONNECTIONS),
        (1_024, 1_048_576, WANTED, CONNECTIONS),
        (WANTED + 1, WANTED + 2, WANTED + 1, CONNECTIONS),
        (WANTED - 2, WANTED, WANTED, CONNECTIONS),
        (256, WANTED - 2, WANTED - 2, CONNECTIONS - 1),
        (1_024, 1_024, 1_024, (1_024 - OTHERS) // 2),
        (OTHERS + 2, OTHERS + 3, OTHERS + 3, 1),
    ],
)
def test_the_limit_is_raised_as_far_as_needed(
    monkeypatch: pytest.MonkeyPatch, soft: int, hard: int, raised: int, allowed: int
) -> None:
    limits = {"now": (soft, hard)}

    def setrlimit(_: int, new: Any) -> None:
        assert new[0] <= new[1] or new[1] == UNLIMITED
        limits["now"] = new

    monkeypatch.setattr(resource, "getrlimit", lambda _: limits["now"])
    monkeypatch.setattr(resource, "setrlimit", setrlimit)
    assert allowed_connections() == allowed
    assert limits["now"] == (raised, hard)


def test_a_limit_that_leaves_no_room_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (64, OTHERS + 1))
    monkeypatch.setattr(resource, "setrlimit", lambda *_: None)
    with pytest.raises(TooFewFiles, match=rf"may open {OTHERS + 1} files.*ulimit -n {WANTED}"):
        allowed_connections()
