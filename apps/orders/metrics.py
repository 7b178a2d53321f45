"""What became of the orders that were to be placed, counted."""

import collections
from collections.abc import Iterable
from types import TracebackType

from django.db import InterfaceError, OperationalError

from apps.orders.exceptions import OrdersError
from apps.orders.placing.requests import PlacedOrder
from monoservices.api.problems import Unavailable
from monoservices.metrics import Counter

OUTCOMES = Counter(
    "orders_outcomes_total",
    "Orders that were to be placed, by what became of them, on either lane and elsewhere.",
    labels=("outcome", "code"),
)

_ACCEPTED, _REPLAYED = ("accepted", ""), ("replayed", "")
_UNAVAILABLE, _FAILED = ("unavailable", Unavailable.code), ("failed", "internal_error")


def count_outcomes(outcomes: Iterable[PlacedOrder | OrdersError]) -> None:
    """Count what became of the orders of a batch."""
    for (outcome, code), number in collections.Counter(map(_labels, outcomes)).items():
        OUTCOMES.of(outcome, code).add(number)


class FailuresCounted:
    """A context in which an order is placed: counts errors after which none was decided.

    What refuses an order, an OrdersError, was counted when it was decided.
    """

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if isinstance(error, Exception) and not isinstance(error, OrdersError):
            passing = isinstance(error, Unavailable | OperationalError | InterfaceError)
            OUTCOMES.of(*(_UNAVAILABLE if passing else _FAILED)).add()


failures_counted = FailuresCounted()


def _labels(outcome: PlacedOrder | OrdersError) -> tuple[str, str]:
    if isinstance(outcome, PlacedOrder):
        return _REPLAYED if outcome.replayed else _ACCEPTED
    return "unavailable" if isinstance(outcome, Unavailable) else "refused", outcome.code
