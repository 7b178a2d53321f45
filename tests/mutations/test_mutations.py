"""Each violation of the table is caught, by whom the table says, and nothing else is said."""

from collections.abc import Iterator
from concurrent.futures import Future

import pytest
from django.db import connection

from tests.mutations.judging import Copies, Place
from tests.mutations.mutation import Mutation, replaced
from tests.mutations.places import VIEWS
from tests.mutations.table import BY_NAME, MUTATIONS

pytestmark = pytest.mark.skipif(
    connection.vendor != "sqlite", reason="copies have databases of their own"
)

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


def test_manage_py_check_fails(copies: Copies) -> None:
    mutation = BY_NAME["import-by-another-name"]
    project = copies.first.project
    with copies.first.mutated(mutation):
        said = project.run(".venv/bin/python manage.py check", fails=True)
        line = len((project.path / VIEWS).read_text().splitlines())
    assert (
        f"orders: (monoservices.E001) {VIEWS}:{line}: orders imports apps.products.models of"
        " products.\n"
    ) in said


def test_a_mutation_that_does_not_fit_any_more_is_refused(copies: Copies) -> None:
    project = copies.first.project.path
    with pytest.raises(ValueError, match=r"apps.py has 0 times: depends_on = \(\)"):
        replaced("apps/orders/apps.py", "depends_on = ()", "").apply(project)
    with pytest.raises(ValueError, match=r"apps.py has 4 times: Scope\("):
        replaced("apps/orders/apps.py", "Scope(", "").apply(project)


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_a_mutation_is_caught(mutation: Mutation, verdicts: Verdicts) -> None:
    assert verdicts[mutation.name].result() == mutation.places()
