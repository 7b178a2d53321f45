"""Fakes of communication modules: the other services of a service under test, pretended.

A fake is a module with the public names of a service's `microservice_communication`: functions of
its own with the same signatures, and the very same types and constants, because what crosses over
is what both sides share. Tests run against either, and one set of expectations for both says that
the fake can be trusted (a contract test: https://martinfowler.com/bliki/ContractTest.html).
"""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from inspect import isfunction, signature
from types import ModuleType
from typing import Any


class UnlikeReal(Exception):
    """A fake differs from what it stands for. `differences` has a sentence for each."""

    def __init__(self, differences: list[str]) -> None:
        super().__init__("\n".join(differences))
        self.differences = differences


@contextmanager
def faked(real: ModuleType, fake: ModuleType) -> Iterator[None]:
    """Let the fake stand for the real communication module, wherever its service has imported it.

    The functions are exchanged in every module of the service, its tests included, also in those
    that are imported within the block, and given back after it. Only names of modules are looked
    at: a function that is kept elsewhere, such as in a `partial`, stays what it is.
    Raises UnlikeReal, with nothing exchanged.
    """
    if differences := [*differences_between(real, fake)]:
        raise UnlikeReal(differences)
    pairs = [
        (getattr(real, name), getattr(fake, name))
        for name in public_names(real)
        if getattr(real, name) is not getattr(fake, name)
    ]
    package = real.__name__.rpartition(".")[0]
    _exchange(package, {id(function): stand_in for function, stand_in in pairs}, fake)
    try:
        yield
    finally:
        _exchange(package, {id(stand_in): function for function, stand_in in pairs}, fake)


def differences_between(real: ModuleType, fake: ModuleType) -> Iterator[str]:
    """Why the fake cannot stand for the real module, a sentence each."""
    for name in public_names(real):
        ours, theirs = getattr(real, name), getattr(fake, name, None)
        if theirs is None:
            yield f"{fake.__name__} has no {name}."
        elif not isfunction(ours):
            if theirs is not ours:
                yield f"{fake.__name__}.{name} is not the one of {real.__name__}."
        elif not isfunction(theirs) or signature(theirs) != signature(ours):
            yield f"{fake.__name__}.{name} is not a function {name}{signature(ours)}."


def public_names(module: ModuleType) -> list[str]:
    """The names in `__all__`; else those without an underscore that the module defines."""
    listed = getattr(module, "__all__", None)
    if listed is not None:
        return sorted(listed)
    return sorted(
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and getattr(value, "__module__", None) == module.__name__
    )


def _exchange(package: str, new_by_id: Mapping[int, Any], fake: ModuleType) -> None:
    """Put the new functions where the modules of a package have the old ones, by identity."""
    for module in [*sys.modules.values()]:
        name = getattr(module, "__name__", "")
        if module is fake or not f"{name}.".startswith(f"{package}."):
            continue
        for attribute, value in [*vars(module).items()]:
            if id(value) in new_by_id:
                setattr(module, attribute, new_by_id[id(value)])
