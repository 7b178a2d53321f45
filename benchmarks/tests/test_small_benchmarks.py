"""The small benchmarks compute the right figures and compare like with like."""

import json
from decimal import Decimal

import pytest

from benchmarks import report, rounds, serializers
from benchmarks.serializers import DECODE, ENCODE, ENCODE_MANY, MODEL, PLAIN, STRUCT


def test_every_second_round_is_backwards() -> None:
    assert list(rounds.in_turn(["a", "b"], rounds=3)) == ["a", "b", "b", "a", "a", "b"]


def test_calls_are_timed_as_often_as_asked_and_once_before() -> None:
    done: list[str] = []
    work = {"read": {who: lambda who=who: done.append(who) for who in ("one", "two")}}
    times = rounds.time_in_turn(work, rounds=2, calls={"read": 2})
    assert done == ["one", "two", "one", "one", "two", "two", "two", "two", "one", "one"]
    assert {who: len(each) for who, each in times["read"].items()} == {"one": 2, "two": 2}


def test_ratios_are_of_medians() -> None:
    figures = rounds.medians({"read": {"slow": [9.0, 10.0, 50.0], "quick": [2.0, 2.5, 2.6]}})
    assert figures == {"read": {"slow": 10.0, "quick": 2.5}}
    assert "| read | 10.0 | 2.5 | 4.00 |" in rounds.time_table(figures, base="slow")


@pytest.mark.parametrize("many", [1, 3])
def test_all_serializers_answer_the_same(many: int) -> None:
    products = serializers._products()[:many]
    answers = {
        name: json.loads(encode(products)) for name, encode in serializers.encoders().items()
    }
    answers = {name: [each] if many == 1 else each for name, each in answers.items()}
    assert answers[MODEL] == answers[PLAIN]
    one = answers[MODEL][0]
    # A product may have gained fields that the rivals lack, never the other way round.
    assert answers[MODEL] == [{name: each[name] for name in one} for each in answers[STRUCT]]
    assert (one["id"], one["price"], one["currency"]) == (1, "249.90", "EUR")


def test_all_serializers_validate_the_same() -> None:
    validated = {name: decode(serializers.BODY) for name, decode in serializers.decoders().items()}
    prices = {name: each.pop("price") for name, each in validated.items()}
    assert prices == {MODEL: Decimal("249.90"), PLAIN: Decimal("249.90"), STRUCT: "249.90"}
    assert (
        validated[MODEL]
        == validated[PLAIN]
        == validated[STRUCT]
        == {
            "name": "Oak table",
            "description": "Solid, oiled, seats six.",
            "stock_quantity": 12,
            "sku": "OAK-TABLE-6",
            "is_active": True,
        }
    )


@pytest.mark.django_db
def test_serializers_are_timed_without_a_statement() -> None:
    times = serializers.measure(rounds=1, calls={DECODE: 1, ENCODE: 1, ENCODE_MANY: 1})
    assert {what: list(each) for what, each in times.items()} == {
        what: [MODEL, PLAIN, STRUCT] for what in (DECODE, ENCODE, ENCODE_MANY)
    }


@pytest.mark.parametrize(
    ("one", "many", "said"),
    [
        (1.0, 1.0, "is no faster than"),
        (
            2.0,
            1.0,
            "is faster than a `ModelSerializer` to encode one (2.00), but not to encode 100",
        ),
        (2.0, 2.0, "to encode one (2.00) and to encode 100 (2.00): "),
    ],
)
def test_the_sentence_follows_the_figures(one: float, many: float, said: str) -> None:
    figures = {ENCODE: {MODEL: one, PLAIN: 1.0}, ENCODE_MANY: {MODEL: many, PLAIN: 1.0}}
    assert said in serializers.verdict(figures)


def shown(microseconds: float) -> str:
    return f"{microseconds:,.0f}" if microseconds >= 10 else f"{microseconds:.1f}"


def test_the_pages_about_serializers_have_the_figures_of_the_last_run() -> None:
    figures = json.loads((report.RESULTS / "serializers.json").read_text())["medians"]
    docs = {
        name: " ".join((report.DOCS / name).read_text().split())
        for name in (
            "decisions/0003-structs-instead-of-modelserializer.md",
            "explanation/pattern.md",
        )
    }
    decision, pattern = docs.values()
    for times in figures.values():
        row = " | ".join(shown(times[each]) for each in (MODEL, PLAIN, STRUCT))
        assert f"| {row} |" in decision
    one = [figures[what][MODEL] / figures[what][PLAIN] for what in (DECODE, ENCODE)]
    many = figures[ENCODE_MANY][MODEL] / figures[ENCODE_MANY][PLAIN]
    assert [round(each) for each in one] == [2, 2], "The pages say: half the time for one object."
    assert many < serializers.NOTEWORTHY, "The pages say: hardly less for a list of 100."
    structs = [each[MODEL] / each[STRUCT] for each in figures.values()]
    assert f"Structs are {min(structs):.0f} to {max(structs):.0f} times as fast" in pattern
