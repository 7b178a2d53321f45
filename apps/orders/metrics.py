"""Counts what became of the orders that clients asked for."""

import collections
from collections.abc import Iterable

from apps.orders.exceptions import OrdersError
from apps.orders.placing.requests import PlacedOrder
from monoservices.api.problems import Unavailable
from monoservices.database.errors import is_passing
from monoservices.metrics import Counter

OUTCOMES = Counter(
    "orders_outcomes_total",
    "Orders that clients asked for, by what became of them, on either lane and elsewhere.",
    labels=("outcome", "code"),
)

TAKEN_BACK = Counter(
    "orders_holds_taken_back_total",
    "Expired holds whose stock was put back, by who did it: the housekeeper, or a batch of orders "
    "that needed their units.",
    labels=("by",),
)

_ACCEPTED, _REPLAYED = ("accepted", ""), ("replayed", "")
_UNAVAILABLE, _FAILED = ("unavailable", Unavailable.code), ("failed", "internal_error")


def count_outcomes(outcomes: Iterable[PlacedOrder | OrdersError]) -> None:
    """Count what became of the orders of a batch."""
    for (outcome, code), number in collections.Counter(map(_labels, outcomes)).items():
        OUTCOMES.of(outcome, code).add(number)


def count_taken_back(number: int, *, by: str) -> None:
    """Count expired holds that were canceled."""
    if number:
        TAKEN_BACK.of(by).add(number)


def count_failure(error: Exception) -> None:
    """Count an error after which an order was not decided.

    An OrdersError was counted when it was decided.
    """
    if not isinstance(error, OrdersError):
        passing = isinstance(error, Unavailable) or is_passing(error)
        OUTCOMES.of(*(_UNAVAILABLE if passing else _FAILED)).add()


def _labels(outcome: PlacedOrder | OrdersError) -> tuple[str, str]:
    if isinstance(outcome, PlacedOrder):
        return _REPLAYED if outcome.replayed else _ACCEPTED
    return "unavailable" if isinstance(outcome, Unavailable) else "refused", outcome.code
