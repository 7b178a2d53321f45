"""No import circles, anywhere. Floors and wings are contracts of import-linter (`make check`)."""

from graphlib import CycleError, TopologicalSorter

import grimp
import pytest

PACKAGES = ("apps", "benchmarks", "config", "faults", "monoservices")
FROM_MODELS = {
    ("apps.orders.models", "apps.orders.changing"),
    ("apps.orders.models", "apps.orders.placing.place"),
    ("apps.products.models", "apps.products.catalogue"),
}
"""What the models' methods that write import when they are called."""


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    graph = grimp.build_graph(*PACKAGES, cache_dir=None)
    for module in list(graph.modules):
        if {"tests", "migrations"} & {*module.split(".")}:
            graph.remove_module(module)
    for importer, imported in FROM_MODELS:
        graph.remove_import(importer=importer, imported=imported)
    return graph


def refuse_circles(graph: grimp.ImportGraph) -> None:
    """Raise CycleError, which names the modules, if there is one."""
    imports = {each: graph.find_modules_directly_imported_by(each) for each in graph.modules}
    TopologicalSorter(imports).prepare()


def test_no_module_imports_itself_over_others(graph: grimp.ImportGraph) -> None:
    refuse_circles(graph)


def test_a_circle_is_found(graph: grimp.ImportGraph) -> None:
    with_circle = grimp.build_graph("faults", cache_dir=None)
    with_circle.add_import(importer="faults.waiting", imported="faults.storm")
    with_circle.add_import(importer="faults.storm", imported="faults.waiting")
    with pytest.raises(CycleError, match="in a cycle"):
        refuse_circles(with_circle)


def test_the_excepted_imports_are_there() -> None:
    whole = grimp.build_graph(*PACKAGES, cache_dir=None)
    for importer, imported in FROM_MODELS:
        assert whole.direct_import_exists(importer=importer, imported=imported)
