"""Calls from a service into another: how many, and how long they take.

The public functions of a communication module are wrapped once it has been executed. A call that
comes from the module itself is part of the crossing that made it, and not counted again.
"""

import inspect
from collections.abc import AsyncIterator, Callable, Generator
from contextlib import aclosing
from functools import cache, partial, wraps
from sys import _getframe as frame
from time import perf_counter
from types import FunctionType, ModuleType, TracebackType
from typing import Any

from monoservices.metrics.declaring import Observed
from monoservices.services.crossings import callees, public_functions
from monoservices.services.ownership import service_of_module

CROSSINGS = Observed(
    "monoservices_crossing_seconds",
    "Calls from a service into another, by how long they took, those that raised included.",
    labels=("caller", "callee", "function"),
    buckets=(0.00001, 0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5),
)

Record = Callable[[float], None]
Anything = Callable[..., Any]
Wrapper = Callable[[Anything, dict[str, Any], Callable[[], Record]], Anything]
"""Of a function, of the names of the module that it counts for, of what finds where to count."""


def observe_crossings(module: ModuleType) -> None:
    """Put functions that count into the place of the module's public ones.

    Name, docstring and signature stay; the function itself is the new one's `__wrapped__`.
    """
    for name, function in public_functions(module).items():
        find = cache(partial(_record_of, module.__name__, name, function))
        setattr(module, name, _wrapper_for(function)(function, vars(module), find))


def _record_of(module: str, name: str, function: FunctionType) -> Record:
    """What takes the seconds of each call. Found at the first: then, all services are there."""
    caller = service_of_module(module)
    reached = callees(function, caller) if caller else ()
    if caller and reached:
        return CROSSINGS.of(caller.label, "+".join(reached), name).add
    return lambda _seconds: None  # it is no crossing


def _wrapper_for(function: FunctionType) -> Wrapper:
    if inspect.iscoroutinefunction(function):
        return _awaited
    if inspect.isasyncgenfunction(function):
        return _iterated_asynchronously
    return _iterated if inspect.isgeneratorfunction(function) else _called


def _called(function: Anything, home: dict[str, Any], find: Callable[[], Record]) -> Anything:
    @wraps(function)
    def crossing(*args: Any, **kwargs: Any) -> Any:
        if frame(1).f_globals is home:
            return function(*args, **kwargs)
        started = perf_counter()
        try:
            return function(*args, **kwargs)
        finally:
            find()(perf_counter() - started)

    return crossing


def _awaited(function: Anything, home: dict[str, Any], find: Callable[[], Record]) -> Anything:
    @wraps(function)
    async def crossing(*args: Any, **kwargs: Any) -> Any:
        if frame(1).f_globals is home:
            return await function(*args, **kwargs)
        started = perf_counter()
        try:
            return await function(*args, **kwargs)
        finally:
            find()(perf_counter() - started)

    return crossing


def _iterated(function: Anything, home: dict[str, Any], find: Callable[[], Record]) -> Anything:
    @wraps(function)
    def crossing(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        if frame(1).f_globals is home:
            return (yield from function(*args, **kwargs))
        timed = _Timed(function(*args, **kwargs))
        try:
            return (yield from timed)
        finally:
            find()(timed.seconds)

    return crossing


def _iterated_asynchronously(
    function: Anything, home: dict[str, Any], find: Callable[[], Record]
) -> Anything:
    """The time counts from the first item to the last, with what the caller does in between."""

    @wraps(function)
    async def crossing(*args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        is_inside = frame(1).f_globals is home
        started = perf_counter()
        try:
            async with aclosing(function(*args, **kwargs)) as items:
                async for item in items:
                    yield item
        finally:
            if not is_inside:
                find()(perf_counter() - started)

    return crossing


class _Timed(Generator[Any, Any, Any]):
    """A generator and the seconds that it has worked, its caller's time left out."""

    def __init__(self, generator: Generator[Any, Any, Any]) -> None:
        self.seconds = 0.0
        self._generator = generator

    def send(self, value: Any) -> Any:
        return self._step(self._generator.send, value)

    def throw(self, kind: Any, value: Any = None, trace: TracebackType | None = None) -> Any:
        # With a single argument, as Python 3.12 asks for.
        return self._step(self._generator.throw, kind if value is None else value)

    def _step(self, step: Callable[[Any], Any], value: Any) -> Any:
        started = perf_counter()
        try:
            return step(value)
        finally:
            self.seconds += perf_counter() - started
