"""Wraps the crossings of each communication module when Python imports the module.

`from … import take_stock` then binds the wrapper, in any module, and the author of a service does
not have to know. A module that code puts into `sys.modules`, such as a fake, is not wrapped.
"""

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import ModuleType

from monoservices.metrics.crossings import observe_crossings
from monoservices.services.ownership import COMMUNICATION


class CrossingsLoader(SourceFileLoader):
    """Python's own loader of source files, which also wraps the crossings of the module."""

    def exec_module(self, module: ModuleType) -> None:
        super().exec_module(module)
        observe_crossings(module)


class CrossingsFinder(MetaPathFinder):
    """Finds communication modules by Python's own finder, and no other modules."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if path is None or fullname.rpartition(".")[2] != COMMUNICATION:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is None or type(spec.loader) is not SourceFileLoader:
            return None
        spec.loader = CrossingsLoader(spec.loader.name, spec.loader.path)
        return spec


def install() -> None:
    """Observe the communication modules that are imported from now on."""
    if not any(isinstance(finder, CrossingsFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, CrossingsFinder())
