import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from monoservices.files.formulas import escape_formula, original

TRIGGERS = "=+-@\t\r\n＝＋－＠"  # noqa: RUF001 - full-width forms count too
texts = st.text(st.sampled_from([*TRIGGERS, "'", "a", " "])) | st.text()


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+49 30 1234", "'+49 30 1234"),
        ("-5", "'-5"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        ("＝1", "'＝1"),  # noqa: RUF001
        ("'=1", "''=1"),
        ("", ""),
        ("'68 Comeback", "'68 Comeback"),
        ("a=1", "a=1"),
        ("9.99", "9.99"),
    ],
)
def test_a_cell_that_would_run_gets_an_apostrophe(text: str, cell: str) -> None:
    assert escape_formula(text) == cell
    assert original(cell) == text


@given(texts)
@example("''=")
def test_every_text_comes_back(text: str) -> None:
    assert original(escape_formula(text)) == text


@given(texts)
def test_no_cell_begins_like_a_formula(text: str) -> None:
    assert not escape_formula(text).startswith((*TRIGGERS,))


@given(st.text())
def test_what_others_write_is_read_as_it_stands_but_for_apostrophes_before_formulas(
    cell: str,
) -> None:
    assert original(cell) in {cell, cell[1:]}
    assert original(cell) == cell or cell.startswith("'")
