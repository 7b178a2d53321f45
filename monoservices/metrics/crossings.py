"""Counts and times the calls from one service into another.

The public functions of a communication module are wrapped right after it is executed. A call from
within the module is a part of the crossing that makes it, and is not counted again.
"""

import inspect
from collections.abc import Callable, Generator
from functools import cache, partial, wraps
from sys import _getframe as frame
from time import perf_counter
from types import FunctionType, ModuleType, TracebackType
from typing import Any

from monoservices.metrics.declaring import Histogram
from monoservices.services.crossings import callees, public_functions
from monoservices.services.ownership import service_of_module

CROSSINGS = Histogram(
    "monoservices_crossing_seconds",
    "Calls from a service into another, by how long they took, those that raised included.",
    labels=("caller", "callee", "function"),
    buckets=(0.00001, 0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5),
)

Record = Callable[[float], None]
Anything = Callable[..., Any]


def observe_crossings(module: ModuleType) -> None:
    """Replace the module's public functions by wrappers that count their calls.

    A wrapper keeps name, docstring and signature, and has the function as `__wrapped__`. Coroutine
    functions and asynchronous generators are not counted.
    """
    for name, function in public_functions(module).items():
        if not (inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function)):
            wrap = _iterated if inspect.isgeneratorfunction(function) else _called
            find = cache(partial(_record_of, module.__name__, name, function))
            setattr(module, name, wrap(function, vars(module), find))


def _record_of(module: str, name: str, function: FunctionType) -> Record:
    """The function that takes the seconds of each call.

    It is looked up at the first call, when all services are installed.
    """
    caller = service_of_module(module)
    reached = callees(function, caller) if caller else ()
    if caller and reached:
        return CROSSINGS.of(caller.label, "+".join(reached), name).add
    return lambda _seconds: None  # it is no crossing


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


class _Timed(Generator[Any, Any, Any]):
    """A generator, and the seconds that it has worked, without the time of its caller."""

    def __init__(self, generator: Generator[Any, Any, Any]) -> None:
        self.seconds = 0.0
        self._generator = generator

    def send(self, value: Any) -> Any:
        return self._step(self._generator.send, value)

    def throw(self, kind: Any, value: Any = None, trace: TracebackType | None = None) -> Any:
        # With a single argument: Python 3.12 deprecates the others.
        return self._step(self._generator.throw, kind if value is None else value)

    def _step(self, step: Callable[[Any], Any], value: Any) -> Any:
        started = perf_counter()
        try:
            return step(value)
        finally:
            self.seconds += perf_counter() - started
