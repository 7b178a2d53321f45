"""Column contracts: the columns of other services that a service relies on."""

from typing import Any

RELIES_ON = "RELIES_ON"
"""The name under which a communication module lists its `Columns`."""


class Columns:
    """The columns of another service's model that a communication module relies on.

        RELIES_ON = (Columns("products.Product", id=int, price=Decimal, note=str | None),)

    model: `label.Model`. types: the Python type of each column's values, by the name of its field;
    `| None` if it may be NULL. A foreign key has the type of its key: `product_id=int`. A JSONField
    is `object`, because the database does not keep the type of its content.
    """

    __slots__ = ("model", "types")

    def __init__(self, model: str, /, **types: Any) -> None:
        self.model = model
        self.types = types

    def __repr__(self) -> str:
        names = "".join(f", {name}={shown(type_)}" for name, type_ in self.types.items())
        return f'Columns("{self.model}"{names})'


def shown(type_: Any) -> str:
    """A type as it is written: `Decimal`, `str | None`."""
    return type_.__name__ if isinstance(type_, type) else str(type_)
