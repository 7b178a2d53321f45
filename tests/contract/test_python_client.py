"""openapi-python-client generates a Python client that is typed and places orders.

About 20 seconds: mypy and two servers.
"""

import os
import sys

import pytest

from tests.__main__ import ROOT
from tests.contract.conftest import Shops
from tests.contract.guide import Guide


@pytest.fixture(scope="module")
def guide(tmp_path_factory: pytest.TempPathFactory) -> Guide:
    """The guide with the client generated. The command fails on warnings of the generator."""
    programs = f"{sys.prefix}/bin:{os.environ['PATH']}"
    guide = Guide("generate-a-python-client.md", tmp_path_factory.mktemp("python"), PATH=programs)
    assert "--fail-on-warning" in guide.generate
    assert guide.directory.run(guide.generate) == "Generating tradepost_client\n"
    # Apart from the cache of this project's own types, whose options differ.
    guide.check = f"MYPY_CACHE_DIR={ROOT}/.mypy_cache/client {guide.check}"
    return guide


def test_the_client_and_the_program_are_typed(guide: Guide) -> None:
    assert "--strict" in guide.check
    assert guide.directory.run(guide.check).startswith("Success: no issues found in ")


def test_misspelt_fields_fail_the_check_of_types(guide: Guide) -> None:
    sent, read = guide.check_with_misspelt_fields("shop.py")
    assert sent.startswith('Unexpected keyword argument "customer_mail" for "OrderOfLines"')
    assert read.startswith('"OrderOut" has no attribute "state"')


def test_the_program_prints_what_the_guide_says(guide: Guide, shops: Shops) -> None:
    assert guide.run_in(shops) == guide.output


def test_an_order_whose_answer_got_lost_is_placed_once(guide: Guide, shops: Shops) -> None:
    printed = guide.run_in(shops, loses_an_answer=True)
    assert printed == guide.output_after("RemoteProtocolError")
