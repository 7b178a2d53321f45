"""openapi-typescript and openapi-fetch give a TypeScript client that is typed and places orders.

About 20 seconds: tsc and two servers. Needs Node and npm.
"""

import pytest

from tests.contract.conftest import Shops
from tests.contract.guide import Guide
from tests.contract.node import MODULES, program


@pytest.fixture(scope="module")
def guide(tmp_path_factory: pytest.TempPathFactory) -> Guide:
    """The guide with the types generated, and the program checked and compiled."""
    program("tsc")  # skips where it cannot be installed
    path = tmp_path_factory.mktemp("typescript")
    (path / "node_modules").symlink_to(MODULES)
    (path / "package.json").write_text('{"type": "module"}')
    guide = Guide("generate-a-typescript-client.md", path)
    guide.directory.run(guide.generate)
    assert "--strict" in guide.check
    assert guide.directory.run(guide.check) == ""
    return guide


def test_misspelt_fields_fail_the_check_of_types(guide: Guide) -> None:
    sent, read = guide.check_with_misspelt_fields("shop.ts")
    assert "'customer_mail' does not exist in type" in sent
    assert read.startswith("Property 'state' does not exist on type ")


def test_the_program_prints_what_the_guide_says(guide: Guide, shops: Shops) -> None:
    assert guide.run_in(shops) == guide.output


def test_an_order_whose_answer_got_lost_is_placed_once(guide: Guide, shops: Shops) -> None:
    assert guide.run_in(shops, loses_an_answer=True) == guide.output_after("TypeError")
