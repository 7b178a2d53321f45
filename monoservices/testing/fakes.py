"""Fakes of communication modules: they stand in for the other services in a service's tests.

A fake is a module with the public names of a service's `microservice_communication`: its own
functions with the same signatures, and the same types and constants, because both sides share them.
A contract test runs the same expectations against both, so that the fake can be trusted
(https://martinfowler.com/bliki/ContractTest.html).
"""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from inspect import isfunction, signature
from types import ModuleType
from typing import Any


class UnlikeReal(Exception):
    """A fake differs from the real module. `differences` has a sentence for each difference."""

    def __init__(self, differences: list[str]) -> None:
        super().__init__("\n".join(differences))
        self.differences = differences


@contextmanager
def faked(real: ModuleType, fake: ModuleType) -> Iterator[None]:
    """Replace the real communication module by the fake, in every module of its service.

    A module that is imported within the block gets the fake's functions too. A function that is
    kept elsewhere than under a module's name, such as in a `partial`, stays real.
    Raises UnlikeReal if the fake differs, and replaces nothing.
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
    """Why the fake cannot replace the real module: a sentence for each difference."""
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
    """The names in `__all__`; without it, the names without underscore that the module defines."""
    own = (
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and getattr(value, "__module__", None) == module.__name__
    )
    return sorted(getattr(module, "__all__", own))


def _exchange(package: str, new_by_id: Mapping[int, Any], fake: ModuleType) -> None:
    """Replace functions by identity in the modules of a package."""
    for module in [*sys.modules.values()]:
        name = getattr(module, "__name__", "")
        if module is fake or not f"{name}.".startswith(f"{package}."):
            continue
        for attribute, value in [*vars(module).items()]:
            if id(value) in new_by_id:
                setattr(module, attribute, new_by_id[id(value)])
