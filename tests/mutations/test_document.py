"""The documents have the table as it is, and the table has every rule."""

import re

from tests.__main__ import ROOT
from tests.mutations.document import document
from tests.mutations.mutation import GUARD
from tests.mutations.table import BY_NAME, MUTATIONS

PAGES = sorted((ROOT / "docs").rglob("*.md"))


def test_the_documents_have_the_table() -> None:
    found = [page.name for page in PAGES if document() in page.read_text()]
    assert len(found) == 1, "Paste what `python -m tests.mutations.document` prints."


def test_every_rule_catches_something() -> None:
    text = "".join(page.read_text() for page in PAGES)
    ids = set(re.findall(r"^### (E\d\d\d): ", text, re.MULTILINE))
    assert {each.by for mutation in MUTATIONS for each in mutation.caught} == ids | {GUARD}


def test_names_are_told_apart() -> None:
    assert len(BY_NAME) == len(MUTATIONS)
