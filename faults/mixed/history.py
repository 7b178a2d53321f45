"""What clients asked and were told, and what is stored at the end: all that the checker looks at.

Times are seconds on one monotonic clock. A request has its effect, if it has any, between its
`begin` and its `end`. If nobody knows whether it had one, or may still have one, `end` is endless.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Any, Literal

Document = Mapping[str, Any]
"""An order or a product as the API shows it."""
Kind = Literal["order", "product"]
Told = Literal["done", "refused", "unknown"]
"""Whether a request had its effect, according to the answers."""


@dataclass(frozen=True, slots=True)
class Read:
    """An answer that shows orders or products.

    version: of the one order, if the answer names it. changed: the version at which the caller
        changed it. absent: the id that was asked for, if the answer was that it does not exist.
    """

    kind: Kind
    begin: float
    end: float
    documents: Sequence[Document]
    version: int | None = None
    changed: int | None = None
    absent: int | None = None


@dataclass(frozen=True, slots=True)
class Write:
    """A request to set a field, which is done, or may be (`end` is endless)."""

    kind: Kind
    id: int
    field: str
    value: Any
    begin: float = -inf
    end: float = -inf


@dataclass(frozen=True, slots=True)
class Keyed:
    """A request with an Idempotency-Key, from its first attempt to its last.

    what: "order", "product", "stock", or "stocks" for many products at once. answer: the body if
        it is done. counted: what it said to be on the shelf.
    """

    what: str
    key: str
    begin: float
    end: float
    told: Told
    answer: bytes = b""
    counted: int | None = None


@dataclass
class History:
    """Everything that the clients noted. transfers: products whose stock has one sum, always."""

    reads: list[Read] = field(default_factory=list)
    writes: list[Write] = field(default_factory=list)
    keyed: list[Keyed] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    transfers: frozenset[int] = frozenset()
    transfers_sum: int = 0


@dataclass(frozen=True, slots=True)
class StoredOrder:
    """An order. events: status before and after, in order."""

    key: str
    version: int
    document: Document
    events: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Movement:
    """A row of the stock ledger."""

    product_id: int
    delta: int
    quantity_after: int
    reason: str
    reference: str = ""
    revision: int = 0
    key: str = ""
    committed_delta: int = 0
    committed_after: int = 0

    @property
    def on_hand_after(self) -> int:
        return self.quantity_after + self.committed_after


@dataclass(frozen=True)
class Stored:
    """The database at the end. movements: in the order of their ids.

    requests: the keys of other requests that are stored, as "product" and "stocks".
    """

    orders: Mapping[int, StoredOrder]
    products: Mapping[int, Document]
    movements: Sequence[Movement]
    requests: Mapping[str, Sequence[str]] = field(default_factory=dict)
