"""The rules that `manage.py check` applies: one per file, with its id in the file's name.

Importing this package imports every file in it, and so registers every rule.
"""

from importlib import import_module
from pkgutil import iter_modules

for _found in iter_modules(__path__):
    import_module(f"{__name__}.{_found.name}")
