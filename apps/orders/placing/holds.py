"""Holds that a batch of orders may take back or replace. Knows no database."""

from collections.abc import Collection, Iterable, Iterator, Mapping

from msgspec import Struct

from apps.orders.exceptions import IllegalTransition, InvalidOrder, OutOfStock, ProductHeld
from apps.orders.placing.pricing import PricedLine, ProductBook
from apps.orders.placing.requests import OrderRequest

REQUESTED, EXPIRED = "requested", "expired"
"""Why an order was canceled."""


class Hold(Struct, frozen=True):
    """An order that is locked, as it is under the lock.

    canceled_because: empty unless the order is canceled. is_held: whether it is pending and not
    firm. has_expired: whether its units may be taken back. units: by product id.
    """

    id: int
    client_id: int
    version: int
    canceled_because: str
    is_held: bool
    has_expired: bool
    units: Mapping[int, int]


class HoldBook:
    """The holds that a batch has locked, and which of them its orders end.

    busy: order id and client id of orders that another transaction has locked.
    """

    def __init__(self, holds: Iterable[Hold] = (), busy: Iterable[tuple[int, int]] = ()) -> None:
        self._holds = {hold.id: hold for hold in holds}
        self._busy = set(busy)
        self._expired = {hold.id: hold for hold in self._holds.values() if hold.has_expired}
        self._ended: dict[int, str] = {}

    @property
    def product_ids(self) -> set[int]:
        """The products whose units may be put back."""
        return {key for hold in self._holds.values() if hold.is_held for key in hold.units}

    def leave_alone(self, product_ids: Iterable[int]) -> None:
        """End no hold of these products, which another transaction has locked."""
        if untouchable := set(product_ids):
            for hold in self._holds.values():
                if untouchable & hold.units.keys():
                    self._busy.add((hold.id, hold.client_id))
                    self._expired.pop(hold.id, None)

    def replaced_by(self, request: OrderRequest) -> Hold | None:
        """The hold that the request replaces; None if it replaces none that is still there.

        Raises InvalidOrder, IllegalTransition, and ProductHeld if another transaction has locked
        the order.
        """
        order_id = request.replaces
        if order_id is None:
            return None
        hold = self._holds.get(order_id)
        if (order_id, request.client_id) in self._busy:
            raise ProductHeld
        if hold is None or hold.client_id != request.client_id:
            raise InvalidOrder(errors={"replaces": ["There is no such order."]})
        because = self._ended.get(order_id, hold.canceled_because)
        if because == EXPIRED:
            return None
        if because or not hold.is_held:
            raise IllegalTransition(errors={"replaces": ["The order is not held."]})
        return hold

    def take(
        self,
        quantities: Mapping[int, int],
        lines: Collection[PricedLine],
        book: ProductBook,
        replaced: Hold | None,
    ) -> list[tuple[Hold, str]]:
        """Take quantities from what remains and from holds; return the holds that end, and why.

        As few expired holds end as are needed, the oldest first.
        Raises what `ProductBook.take` raises; then nothing has changed.
        """
        ends = [] if replaced is None else [(replaced, REQUESTED)]
        if replaced is not None:
            book.put_back(replaced.units)
        if self._expired and (missing := book.missing(quantities)):
            for hold in self._enough(missing, replaced):
                book.put_back(hold.units)
                ends.append((hold, EXPIRED))
        try:
            book.take(quantities, lines)
        except OutOfStock:
            for hold, _ in ends:
                book.put_back({key: -units for key, units in hold.units.items()})
            raise
        for hold, because in ends:
            self._ended[hold.id] = because
            self._expired.pop(hold.id, None)
        return ends

    def _enough(self, missing: dict[int, int], replaced: Hold | None) -> Iterator[Hold]:
        """The expired holds that have the missing units; none if they have not enough."""
        chosen = []
        for hold in self._expired.values():
            if hold is not replaced and missing.keys() & hold.units.keys():
                chosen.append(hold)
                left = {key: more - hold.units.get(key, 0) for key, more in missing.items()}
                missing = {key: more for key, more in left.items() if more > 0}
                if not missing:
                    return iter(chosen)
        return iter(())
