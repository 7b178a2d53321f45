"""The documents hang together: links, paths, sizes, and the site that is built of them."""

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from pkgutil import resolve_name

import pytest

from tests.test_docs import BLOCK, ROOT, read

DOCS = ROOT / "docs"
DOCUMENTS = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
MOST_LINES = 200


def name_of(document: Path) -> str:
    return str(document.relative_to(ROOT))


by_document = pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)


def links(document: Path) -> Iterator[str]:
    prose = BLOCK.sub("", document.read_text())
    yield from re.findall(r"\]\((?!https?:)([^)\s]+)\)", prose)


def anchors(document: Path) -> set[str]:
    """The anchors that headings get on the common hosts."""
    headings = re.findall(r"^#+ (.*)$", BLOCK.sub("", document.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@by_document
def test_links_lead_somewhere(document: Path) -> None:
    broken = []
    for link in links(document):
        path, _, anchor = link.partition("#")
        target = (document.parent / path).resolve() if path else document
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


def test_every_decision_is_listed() -> None:
    listed = set(links(DOCS / "decisions" / "README.md"))
    assert listed == {path.name for path in (DOCS / "decisions").glob("[0-9]*.md")}


def test_the_pattern_names_tests_that_exist() -> None:
    named = set(re.findall(r"`(test_\w+)`", read("docs/explanation/pattern.md")))
    tree = ast.parse(read("tests/test_pattern.py"))
    existing = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert named == {name for name in existing if name.startswith("test_")}


# What the documents name


PATH = re.compile(
    r"(?<![\w/.])(?:apps|benchmarks|config|docs|faults|monoservices|tests)/[\w./*-]*\w"
)
MODULE = re.compile(
    r"`((?:apps\.(?:accounts|orders|products)|(?:benchmarks|config|faults|monoservices)\.\w+)"
    r"(?:\.\w+)*)`"
)
MADE = re.compile(r"kiosk|order_views|\.old$|\.new$|^apps/shop/")
"""What a tutorial writes, and the project of an example."""
PRESENT = [document for document in DOCUMENTS if document.name != "CHANGELOG.md"]


def is_path(name: str) -> bool:
    """Whether `name` is a path, from the top or from a service."""
    return any(any(ROOT.glob(pattern)) for pattern in (name, f"apps/*/{name}"))


def is_name(name: str) -> bool:
    """Whether `name` can be imported."""
    try:
        resolve_name(name)
    except (AttributeError, ImportError):
        return False
    return True


@pytest.mark.parametrize("document", PRESENT, ids=name_of)
def test_paths_and_modules_exist(document: Path) -> None:
    text = document.read_text()
    paths = {name for name in PATH.findall(text) if not MADE.search(name)}
    assert [name for name in paths if not is_path(name)] == []
    assert [name for name in MODULE.findall(text) if not is_name(name)] == []


# The site


def test_pages_are_short() -> None:
    # The tutorial that writes a whole service shows every file of it. A changelog only grows.
    long = [each for each in DOCUMENTS if len(each.read_text().splitlines()) >= MOST_LINES]
    assert [each.name for each in long] == ["CHANGELOG.md", "add-a-service.md"]


def test_the_site_is_built_without_a_warning_and_loads_nothing_from_outside(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "-d", str(tmp_path)]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    pages = {path.relative_to(tmp_path): path.read_text() for path in tmp_path.rglob("*.html")}
    assert len(pages) == len(list(DOCS.rglob("*.md"))) + 1  # and the page for 404
    loading = re.compile(r'<(?:script|link|img|iframe)\b[^>]*\b(?:src|href)="?(?:https?:)?//')
    assert [str(path) for path, text in pages.items() if loading.search(text)] == []
    assert [str(path) for path, text in pages.items() if 'class="mermaid"' in text] == []
