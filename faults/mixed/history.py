"""What clients asked and were told, and what is stored at the end: all that the checker looks at.

Times are seconds on one monotonic clock. A request has its effect, if it has any, between its
`begin` and its `end`. If nobody knows whether it had one, or may still have one, `end` is endless.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
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
    """A request that may be sent again without a second effect, from its first attempt to its last.

    what: "order", "product", "stock", "stocks" for many products at once, "payment", "refund",
        "shipment", "return", or "cancel" of some units.
    key: its Idempotency-Key, or the provider's reference of money. answer: the body if it is done.
    counted: what it said to be on the shelf. order: which it is about, or replaces.
    """

    what: str
    key: str
    begin: float
    end: float
    told: Told
    answer: bytes = b""
    counted: int | None = None
    order: int | None = None


@dataclass
class History:
    """Everything that the clients noted. transfers: products whose stock has one sum, always.

    expired: orders whose `held_until` may have been moved into the past. moved: how often it was.
    delivered: shipments that were acknowledged to have arrived.
    """

    reads: list[Read] = field(default_factory=list)
    writes: list[Write] = field(default_factory=list)
    keyed: list[Keyed] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    transfers: frozenset[int] = frozenset()
    transfers_sum: int = 0
    expired: set[int] = field(default_factory=set)
    moved: int = 0
    delivered: set[int] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to an order: its status before and after, and the version it made.

    payment, amount: of the money that came or went.
    """

    type: str
    before: str
    after: str
    version: int
    at: datetime
    payment: int | None = None
    amount: Decimal | None = None


@dataclass(frozen=True, slots=True)
class StoredOrder:
    """An order. events: in the order of their ids. held_until: of a canceled order, too."""

    key: str
    version: int
    document: Document
    events: Sequence[Event]
    held_until: datetime | None = None

    def holds(self) -> Sequence[bool]:
        """Whether the order had a `held_until` at each version, from the first on.

        Confirming or reviving an order takes it away, and nothing gives it back.
        """
        had, found = self.held_until is not None, []
        for event in reversed(self.events):
            found.append(had)
            had |= event.type in {"confirmed", "revived"}
        return found[::-1]


@dataclass(frozen=True, slots=True)
class StoredMoney:
    """A payment or a refund. paid, due: of the order right after it."""

    id: int
    order: int
    kind: str
    key: str
    amount: Decimal
    paid: Decimal
    due: Decimal
    status: str


@dataclass(frozen=True, slots=True)
class StoredShipment:
    """A shipment. version: the order's after it. units: by the ids of lines."""

    id: int
    order: int
    version: int
    key: str
    units: Mapping[int, int]
    has_arrived: bool = False


@dataclass(frozen=True, slots=True)
class StoredReturn:
    """A return. units, restocked: by the ids of lines. of_lines: what is credited for its lines."""

    id: int
    order: int
    version: int
    key: str
    credit: Decimal
    of_lines: Decimal
    units: Mapping[int, int]
    restocked: Mapping[int, int]


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
    """The database at the end, at a moment of its own clock. movements: in the order of their ids.

    requests: the keys of other requests that are stored, as "product", "stocks" and "cancel".
    """

    orders: Mapping[int, StoredOrder]
    products: Mapping[int, Document]
    movements: Sequence[Movement]
    requests: Mapping[str, Sequence[str]] = field(default_factory=dict)
    money: Sequence[StoredMoney] = ()
    shipments: Sequence[StoredShipment] = ()
    returns: Sequence[StoredReturn] = ()
    moment: datetime | None = None
