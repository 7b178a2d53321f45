"""Each violation of the table is caught, by whom the table says, and nothing else is said."""

from collections.abc import Iterator
from concurrent.futures import Future

import pytest

from tests.mutations.judging import Copies, Place
from tests.mutations.mutation import Mutation
from tests.mutations.table import MUTATIONS

Verdicts = dict[str, "Future[list[Place]]"]

AT_ONCE = 2


@pytest.fixture(scope="module")
def copies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Copies]:
    copies = Copies(tmp_path_factory.mktemp("mutations"), AT_ONCE)
    yield copies
    copies.close()


@pytest.fixture(scope="module")
def verdicts(request: pytest.FixtureRequest, copies: Copies) -> Verdicts:
    """What is said of the mutations whose tests run, by name."""
    tests = (getattr(item, "callspec", None) for item in request.session.items)
    wanted = [test.params["mutation"] for test in tests if test and "mutation" in test.params]
    return {mutation.name: copies.judge(mutation) for mutation in wanted}


def test_nothing_is_said_without_a_mutation(copies: Copies) -> None:
    """Neither by the checks, nor by the guard while a shop is set up and looked at."""
    assert copies.control == []


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_a_mutation_is_caught(mutation: Mutation, verdicts: Verdicts) -> None:
    assert verdicts[mutation.name].result() == mutation.places()
