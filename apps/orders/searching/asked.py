"""What is searched for, and where."""

from msgspec import Struct

from monoservices.database.statements import Parameter
from monoservices.database.trigrams import Condition


class Search(Struct, frozen=True):
    """A text to look for. product_ids: of all products whose SKU contains it."""

    text: str
    product_ids: tuple[int, ...]


class Wanted(Struct, frozen=True):
    """The page that is wanted of the orders that match.

    limit: the most orders. beyond: the id before the first one; None for the first page.
    descending: whether ids go down. owner: the only client whose orders are looked at, or None.
    """

    limit: int
    beyond: int | None = None
    descending: bool = True
    owner: int | None = None


ALL: Condition = ("TRUE", [])
"""Every order is looked at."""


class Parts:
    """The parameters of a statement that is put together from its parts, in their order."""

    def __init__(self) -> None:
        self.parameters: list[Parameter] = []

    def add(self, part: Condition) -> str:
        """Take the parameters of the part that comes next. Returns its SQL."""
        sql, parameters = part
        self.parameters += parameters
        return sql


def beyond_page(column: str, wanted: Wanted) -> Condition:
    """A condition for ids: they come after the page before."""
    if wanted.beyond is None:
        return "TRUE", []
    return f"{column} {'<' if wanted.descending else '>'} CAST(%s AS bigint)", [wanted.beyond]
