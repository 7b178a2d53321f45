"""How a movement of each reason moves the two quantities of a product: a condition for a CHECK."""

from django.db.models import F, Q

_OPPOSITE = Q(committed_delta=-F("delta"))
_STEPS = (
    Q(reason="received", delta__gt=0, committed_delta=0)
    | Q(reason="sold", delta__lt=0) & _OPPOSITE
    | Q(reason="released", delta__gt=0) & _OPPOSITE
    | Q(reason="shipped", delta=0, committed_delta__lt=0)
    | Q(reason="returned", delta__gt=0, committed_delta=0)
    # A count that confirms the stock gets a row too, which remembers its key.
    | Q(reason="counted", committed_delta=0)
    | Q(reason="corrected") & ~Q(delta=0, committed_delta=0)
    | Q(reason="opened", delta=0, committed_delta__gt=0)
)
_KNOWN_BEFORE = ("received", "sold", "released", "returned", "counted", "corrected")
_STEPS_BEFORE = Q(reason__in=_KNOWN_BEFORE) & (~Q(delta=0) | Q(reason="counted"))
LEGAL_STEPS = (
    # A CHECK lets pass what is unknown, so it asks for NULL first.
    Q(committed_delta__isnull=False) & _STEPS | Q(committed_delta__isnull=True) & _STEPS_BEFORE
)
"""Rows from before there were two quantities have no `committed_delta`."""
