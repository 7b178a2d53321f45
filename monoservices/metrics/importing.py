"""How communication modules come to be seen: when one is imported, its crossings are wrapped.

So `from … import take_stock` binds what counts, in whichever module, and nobody who writes a
service has to know. A module that is put into `sys.modules` by hand, such as a fake, is left alone.
"""

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import ModuleType

from monoservices.metrics.crossings import observe_crossings
from monoservices.services.ownership import COMMUNICATION


class CrossingsLoader(SourceFileLoader):
    """Python's own loader of source files; what it has loaded is wrapped."""

    def exec_module(self, module: ModuleType) -> None:
        super().exec_module(module)
        observe_crossings(module)


class CrossingsFinder(MetaPathFinder):
    """Finds communication modules of packages where Python's own finder does."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The module with a CrossingsLoader; None for other modules, and other loaders' ones."""
        if path is None or fullname.rpartition(".")[2] != COMMUNICATION:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is None or type(spec.loader) is not SourceFileLoader:
            return None
        spec.loader = CrossingsLoader(spec.loader.name, spec.loader.path)
        return spec


def install() -> None:
    """See the communication modules that are imported from now on."""
    if not any(isinstance(finder, CrossingsFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, CrossingsFinder())
