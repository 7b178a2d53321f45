from dataclasses import replace

import pytest

from benchmarks.load import LoadResult
from benchmarks.measuring import Books, find_failures

BEFORE = Books(orders=0, sold=0, stock=1000, least=1000, ledger=1000)
AFTER = Books(orders=10, sold=20, stock=980, least=980, ledger=980)
LOAD = LoadResult(
    generator="wrk",
    seconds=1,
    completed=9,
    acknowledged=10,
    errors={"connect": 0, "read": 0, "write": 0, "timeout": 0, "status": 0},
    p50_ms=1,
    p99_ms=1,
)


def test_books_that_are_right() -> None:
    assert find_failures(BEFORE, AFTER, loads=[LOAD], lines=2) == []


def test_what_is_not_kept_is_not_checked() -> None:
    before = Books(orders=0, sold=None, stock=None, least=None, ledger=None)
    after = before._replace(orders=10, sold=20)
    assert find_failures(before, after, loads=[LOAD], lines=2) == []


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        (
            {"orders": 9, "sold": 18},
            ["10 orders acknowledged, 9 stored", "18 units sold, but stock fell by 20"],
        ),
        (
            {"orders": 11},
            ["10 orders acknowledged, 11 stored", "11 orders stored, but 20 units sold"],
        ),
        ({"stock": 979, "ledger": 979}, ["20 units sold, but stock fell by 21"]),
        ({"least": -1}, ["oversold: the lowest stock is -1"]),
        ({"ledger": 981}, ["980 units in stock, 981 in the ledger"]),
    ],
)
def test_books_that_are_wrong(changed: dict[str, int], expected: list[str]) -> None:
    assert find_failures(BEFORE, AFTER._replace(**changed), loads=[LOAD], lines=2) == expected


def test_a_lost_answer_may_have_been_an_order() -> None:
    for kind in ("read", "write", "timeout"):
        lost = replace(LOAD, acknowledged=9, errors=LOAD.errors | {kind: 1})
        assert find_failures(BEFORE, AFTER, loads=[lost], lines=2) == []
    refused = replace(LOAD, acknowledged=9, errors=LOAD.errors | {"status": 1, "connect": 1})
    assert find_failures(BEFORE, AFTER, loads=[refused], lines=2) == [
        "9 orders acknowledged, 10 stored"
    ]


def test_nothing_is_no_result() -> None:
    idle = replace(LOAD, acknowledged=0)
    assert find_failures(BEFORE, BEFORE, loads=[idle], lines=1) == ["no order was acknowledged"]
