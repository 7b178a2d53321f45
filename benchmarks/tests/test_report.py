from pathlib import Path

import pytest

from benchmarks import report
from benchmarks.report import bar_plot, environment, markdown_table, replace_part, write_parts


def test_figures_are_to_the_right() -> None:
    table = markdown_table(("design", "rate", "note"), [["a", "1,000", "x"], ["b", "–", "2"]])
    assert table == (
        "| design | rate | note |\n| --- | ---: | --- |\n| a | 1,000 | x |\n| b | – | 2 |\n"
    )
    assert markdown_table(("design", "rate"), []) == ""


def test_a_part_of_a_document_is_replaced() -> None:
    document = "a\n<!-- begin x -->\nold\n<!-- end x -->\nb\n"
    replaced = replace_part(document, "x", "new \\1\n")
    assert replaced == "a\n<!-- begin x -->\n\nnew \\1\n\n<!-- end x -->\nb\n"
    assert replace_part(replaced, "x", "new \\1") == replaced
    with pytest.raises(ValueError, match="The document has 0 parts 'y'; expected one"):
        replace_part(document, "y", "")


def test_parts_are_written_into_the_pages_that_have_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "DOCS", tmp_path)
    one, two = tmp_path / "one.md", tmp_path / "two.md"
    one.write_text("<!-- begin x --><!-- end x -->\n<!-- begin y --><!-- end y -->\n")
    two.write_text("<!-- begin z --><!-- end z -->\n")
    write_parts({"x": "1", "y": "2", "z": "3"})
    assert one.read_text() == (
        "<!-- begin x -->\n\n1\n\n<!-- end x -->\n<!-- begin y -->\n\n2\n\n<!-- end y -->\n"
    )
    assert two.read_text() == "<!-- begin z -->\n\n3\n\n<!-- end z -->\n"
    with pytest.raises(ValueError, match="0 pages have the part 'w'"):
        write_parts({"w": ""})


def test_a_plot_is_the_same_whenever_it_is_made(tmp_path: Path) -> None:
    series = {"spread": {"A": 1000.4, "B": 20.0}, "one": {"A": 10.0}}
    for directory in ("one", "two"):
        path = tmp_path / directory / "plot.svg"
        bar_plot(path, title="Orders", unit="orders per second", series=series)
    one, two = sorted(tmp_path.rglob("*.svg"))
    assert one.read_bytes() == two.read_bytes()
    assert len(one.read_bytes()) < 30_000
    for text in ("Orders", "spread", ">A<", ">1,000<"):
        assert text in one.read_text()


def test_the_environment_names_versions() -> None:
    found = environment(postgresql="18.1", packages={"pytest": "pytest"})
    assert found["PostgreSQL"] == "18.1"
    assert found["pytest"] == pytest.__version__
    assert all(found.values())
