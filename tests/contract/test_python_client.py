"""openapi-python-client generates a Python client that is typed and places orders.

About 15 seconds, most of them mypy's.
"""

import os
import sys
from pathlib import Path

import pytest

from tests.__main__ import ROOT
from tests.contract.conftest import Shops
from tests.contract.guide import Guide

CACHE = f"export MYPY_CACHE_DIR={ROOT}/.mypy_cache/client; "
"""Apart from the cache of this project's own types, whose options differ."""


@pytest.fixture(scope="module")
def guide(tmp_path_factory: pytest.TempPathFactory) -> Guide:
    """The guide with the client generated; it fails on the generator's warnings."""
    programs = f"{sys.prefix}/bin:{os.environ['PATH']}"
    guide = Guide("Python", tmp_path_factory.mktemp("python"), PATH=programs)
    assert guide.directory.run(guide.generate).count("\n") == 1  # no warning
    return guide


def test_the_client_and_the_program_are_typed(guide: Guide) -> None:
    assert guide.directory.run(CACHE + guide.check).startswith("Success: no issues found in ")


def test_misspelt_fields_fail_the_check_of_types(guide: Guide) -> None:
    text = (guide.directory.path / "shop.py").read_text()
    wrong = text.replace("customer_email=", "customer_mail=").replace(
        ".parsed.shipping_address", ".parsed.shipping_adress"
    )
    (guide.directory.path / "wrong.py").write_text(wrong)
    report = guide.directory.run(CACHE + guide.check.replace("shop.py", "wrong.py"), fails=True)
    assert [line.split("error: ")[1] for line in report.splitlines() if "error: " in line] == []


def test_the_program_prints_what_the_guide_says(guide: Guide, shops: Shops) -> None:
    assert guide.run_in(shops) == guide.output


def test_an_order_whose_answer_got_lost_is_placed_once(guide: Guide, shops: Shops) -> None:
    imported, order, _, *others = guide.output.splitlines()
    lost = "no answer: RemoteProtocolError"
    assert guide.run_in(shops, loses_an_answer=True).splitlines() == [
        imported,
        lost,
        order,
        "replayed: true true",
        *others,
    ]
