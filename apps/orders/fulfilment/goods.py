"""Where the units of an order's lines are: open, shipped, canceled, returned. Knows no database.

Of each line, quantity = open + shipped + canceled, and no more is returned than was shipped.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol, TypeVar

from msgspec import Struct

from apps.orders.exceptions import InvalidOrder, QuantityExceeded, UnknownLine
from monoservices.api.problems import Errors


class Line(Protocol):
    """A line that is stored."""

    @property
    def id(self) -> int: ...

    @property
    def product_id(self) -> int: ...

    @property
    def sku(self) -> str: ...

    @property
    def quantity(self) -> int: ...

    @property
    def shipped_quantity(self) -> int: ...

    @property
    def canceled_quantity(self) -> int: ...

    @property
    def returned_quantity(self) -> int: ...


OneLine = TypeVar("OneLine", bound=Line)


class LineUnits(Struct, frozen=True, kw_only=True):
    """Units of one line, which is named by its id, or by its SKU if only one line has it.

    path: where this is in the request, such as `lines.0`.
    """

    path: str
    quantity: int
    line_id: int | None = None
    sku: str | None = None

    def field(self, name: str) -> str:
        """The path of one of its fields."""
        return f"{self.path}.{name}"


def open_units(line: Line) -> int:
    """The units that are neither shipped nor canceled."""
    return line.quantity - line.shipped_quantity - line.canceled_quantity


def returnable_units(line: Line) -> int:
    """The units that were shipped and have not come back."""
    return line.shipped_quantity - line.returned_quantity


def kept_units(line: Line) -> int:
    """The units that are not canceled."""
    return line.quantity - line.canceled_quantity


def all_open(lines: Iterable[Line]) -> dict[int, int]:
    """Everything that is open, by the ids of lines."""
    return {line.id: units for line in lines if (units := open_units(line))}


def by_product(lines: Iterable[Line], units: Mapping[int, int]) -> dict[int, int]:
    """Units by product id. units: by the ids of lines."""
    sums: dict[int, int] = {}
    for line in lines:
        if some := units.get(line.id, 0):
            sums[line.product_id] = sums.get(line.product_id, 0) + some
    return sums


def told_units(units: Mapping[int, int]) -> list[dict[str, int]]:
    """Units by the ids of lines, as an order's history keeps them."""
    return [
        {"line_id": line_id, "quantity": quantity} for line_id, quantity in sorted(units.items())
    ]


def find_lines(lines: Sequence[OneLine], asked: Iterable[LineUnits]) -> list[OneLine]:
    """The line that each of `asked` names, in their order. Raises UnknownLine."""
    by_id = {line.id: line for line in lines}
    errors: Errors = {}
    found = []
    for each in asked:
        if each.line_id is not None:
            line = by_id.get(each.line_id)
            if line is None:
                errors[each.field("line_id")] = ["The order has no such line."]
        else:
            named = [line for line in lines if line.sku == each.sku]
            line = named[0] if len(named) == 1 else None
            if line is None:
                many = "Several lines of the order have this SKU; send line_id."
                errors[each.field("sku")] = [many if named else "The order has no such line."]
        if line is not None:
            found.append(line)
    if errors:
        raise UnknownLine(errors=errors)
    return found


def choose(
    lines: Sequence[Line], asked: Sequence[LineUnits], *, there: Callable[[Line], int], what: str
) -> dict[int, int]:
    """Units by the ids of lines; those of a line that is named several times add up.

    there: how many units of a line can be asked for at most. what: what these are, for people.
    Raises InvalidOrder where nothing is asked for, UnknownLine, and QuantityExceeded where a line
    has fewer units.
    """
    if not asked:
        raise InvalidOrder(errors={"lines": ["Expected at least one line."]})
    if none := [each for each in asked if each.quantity < 1]:
        message = "Expected at least one unit."
        raise InvalidOrder(errors={each.field("quantity"): [message] for each in none})
    errors: Errors = {}
    chosen: dict[int, int] = {}
    for each, line in zip(asked, find_lines(lines, asked), strict=True):
        chosen[line.id] = chosen.get(line.id, 0) + each.quantity
        if chosen[line.id] > there(line):
            errors[each.field("quantity")] = [f"There are {there(line)} {what}."]
    if errors:
        raise QuantityExceeded(errors=errors)
    return chosen


def status_of(lines: Iterable[Line], *, is_delivered: Callable[[], bool]) -> str:
    """The status of an order whose lines are these.

    is_delivered: whether every shipment is delivered; asked only if that matters.
    """
    lines = list(lines)
    if any(map(open_units, lines)):
        return "pending"
    if not any(line.shipped_quantity for line in lines):
        return "canceled"
    return "delivered" if is_delivered() else "shipped"
