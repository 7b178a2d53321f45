"""The measurement of searches for orders."""

from urllib.parse import unquote

from benchmarks.load import LoadResult
from benchmarks.search import Searched, table_of_orders, table_of_searches, texts


def test_every_text_can_be_searched_for() -> None:
    kinds = texts(1_000)
    assert len(kinds) == 9
    every = [text for sent in kinds.values() for text in sent]
    assert [text for text in every if len(unquote(text)) < 3 or "|" in text] == []


def test_the_tables() -> None:
    load = LoadResult("wrk", 2.0, 100, 100, {}, 1.0, 9.0)
    slow = LoadResult("wrk", 2.0, 50, 50, {}, 3.0, 19.0)
    rounds = [Searched(load, 100.0), Searched(slow, 300.0), Searched(load, 200.0)]
    assert table_of_searches({"nothing": rounds}).splitlines()[-1] == (
        "| nothing | 50 | 1.0 | 9.0 | 200 |"
    )
    assert table_of_orders({"bare": [1.0, 1.1, 0.9]}).splitlines()[-1] == (
        "| bare | 1.00 | 0.90 – 1.10 |"
    )
