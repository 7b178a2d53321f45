"""What carries out the steps of the Containerfile knows them, or says that it does not."""

from pathlib import Path

import pytest

from tests.__main__ import ROOT
from tests.deploy.containerfile import IGNORED, Image, instructions, is_ignored, step

RULES = (ROOT / IGNORED).read_text().split("\n*\n")[1].splitlines()


def test_instructions_go_over_lines() -> None:
    text = '# first\nFROM a AS b\n\nRUN one \\\n    # why\n    && two\nCMD ["x"]\n'
    assert instructions(text) == [("FROM", "a AS b"), ("RUN", "one      && two"), ("CMD", '["x"]')]


@pytest.mark.parametrize(
    ("instruction", "rest"),
    [
        ("ADD", "a b"),
        ("CMD", "python manage.py serve"),
        ("ENTRYPOINT", '["sh"]'),
        ("HEALTHCHECK", "NONE"),
        ("RUN", "--mount=type=cache,target=/root true"),
        ("USER", "tradepost"),
    ],
)
def test_what_it_does_not_know_is_refused(instruction: str, rest: str) -> None:
    with pytest.raises(NotImplementedError):
        step(Image(Path("nowhere")), instruction, rest)


def test_what_the_image_gets() -> None:
    rules = ["*", *RULES]
    files = {
        "apps/orders/models.py": False,
        "apps/orders/tests/test_views.py": True,
        "config/__pycache__/settings.pyc": True,
        "manage.py": False,
        ".env": True,
        ".git/config": True,
        "db.sqlite3": True,
        "docs/index.md": True,
        "tests/shop.py": True,
    }
    assert {name: is_ignored(Path(name), rules) for name in files} == files
    with pytest.raises(NotImplementedError):
        is_ignored(Path("manage.py"), ["manage.[pq]y"])
