"""Code of tests that runs as if it were written in a service."""

from collections.abc import Callable
from types import FunctionType
from typing import Any

VIEWS = "apps.orders.views"
COMMUNICATION = "apps.orders.microservice_communication"
OF_PRODUCTS = "apps.products.operations"


def standing_in(module: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, as if it were written in the module: its frames are frames of that module."""
    assert isinstance(function, FunctionType)
    moved = FunctionType(
        function.__code__,
        {**function.__globals__, "__name__": module},
        function.__name__,
        function.__defaults__,
        function.__closure__,
    )
    moved.__kwdefaults__ = function.__kwdefaults__
    return moved
