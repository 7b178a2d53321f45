import csv
import io
import json
import re
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from monoservices.files.formulas import escape_formula, escape_json, original

SIGNS = "=+-@＝＋－＠"  # noqa: RUF001 - full-width forms count too
SEPARATORS = ";|\t\r\n"
texts = st.text(st.sampled_from([*SIGNS, *SEPARATORS, *"'\",a "])) | st.text()


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+49 30 1234", "'+49 30 1234"),
        ("-5", "'-5"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t'=1"),
        ("\r=1", "'\r'=1"),
        ("\ta", "'\ta"),
        ("＝1", "'＝1"),  # noqa: RUF001
        ("'=1", "''=1"),
        ("", ""),
        ("'68 Comeback", "'68 Comeback"),
        ("a=1", "a=1"),
        ("9.99", "9.99"),
        ("a;=1", "a;'=1"),
        ("a; =1;'=2", "a;' =1;''=2"),
        ("a|@b", "a|'@b"),
        ("a\t+1", "a\t'+1"),
        ("a\n-1\r\n-2", "a\n'-1\r\n'-2"),
        ('a;"=1', "a;'\"=1"),
        ('";""=1', '";\'""=1'),
        ('"=1"', '\'"=1"'),
        (" =1", "' =1"),
        ("\t;=1", "'\t;'=1"),
        ("\n\n", "'\n\n"),
        ("a\n\nb; c", "a\n\nb; c"),
        ('Mug - blue, -5 °C, 5"-7"', 'Mug - blue, -5 °C, 5"-7"'),
        ("Tom;'s", "Tom;'s"),
    ],
)
def test_a_cell_that_would_run_gets_an_apostrophe(text: str, cell: str) -> None:
    assert escape_formula(text) == cell
    assert original(cell) == text


@given(texts)
@example("''=")
@example(";'=;''=")
@example("\n'\n'=")
def test_every_text_comes_back(text: str) -> None:
    assert original(escape_formula(text)) == text


dialects = st.sampled_from(
    [(",", csv.QUOTE_MINIMAL)]
    + [(each, quotes) for each in ";|\t" for quotes in (csv.QUOTE_MINIMAL, csv.QUOTE_NONE)]
)
"""What a reader splits lines at, and whether it regards quotes."""


def assert_no_formula(cells: list[str], dialect: tuple[str, Any]) -> None:
    delimiter, quoting = dialect
    file = io.StringIO(newline="")
    csv.writer(file).writerow(cells)
    lines = io.StringIO(file.getvalue(), newline="")
    for row in csv.reader(lines, delimiter=delimiter, quoting=quoting):
        for cell in row:
            assert not cell.lstrip(' "').startswith((*SIGNS,))


@given(texts, dialects, st.booleans())
@example('a;"=1"', (";", csv.QUOTE_MINIMAL), False)
@example("a\n=1", (";", csv.QUOTE_MINIMAL), False)
def test_no_cell_begins_like_a_formula(text: str, dialect: tuple[str, Any], is_first: bool) -> None:
    cell = escape_formula(text)
    assert_no_formula([cell, "1"] if is_first else ["1", cell], dialect)


@given(st.dictionaries(texts, texts | st.lists(texts) | st.integers(max_value=-1)), dialects)
@example({";=1": "|+1", ";": "=", "a;": -1, "b": ["x;", "-1"]}, (";", csv.QUOTE_MINIMAL))
def test_json_remains_the_same_json(value: dict[str, Any], dialect: tuple[str, Any]) -> None:
    cell = escape_json(json.dumps(value, ensure_ascii=False, separators=(",", ":")))
    assert json.loads(cell) == value
    assert_no_formula(["1", cell], dialect)


@given(st.text())
def test_what_others_write_is_read_as_it_stands_but_for_apostrophes_before_formulas(
    cell: str,
) -> None:
    read = original(cell)
    assert read.replace("'", "") == cell.replace("'", "")
    if not re.search(r"(^|[;|\t\r\n])'", cell):
        assert read == cell
