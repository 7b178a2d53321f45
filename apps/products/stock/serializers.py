"""What goes over the wire: movements of stock, of one product and of many at once."""

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType
from rest_framework import serializers

from apps.products.bounds import longest
from apps.products.models import Delta, Note, Quantity, StockMovement
from monoservices.api.pagination import DEFAULT_LIMIT, Cursor, Limit
from monoservices.api.problems import Errors, Invalid, ProblemDocument
from monoservices.api.serializers import ForbidUnknownFields, WholeNumberField
from monoservices.api.types import MAX_INTEGER, Id, Sku

MAX_MOVEMENTS = 1_000
EITHER = "Send either delta or counted."
REASON = "A delta needs a reason, a count has none."
NO_MOVE = "A delta of 0 moves nothing."


class MovementQuery(Struct, forbid_unknown_fields=True, kw_only=True):
    """The query string of the list of a product's movements, newest first."""

    limit: Limit = DEFAULT_LIMIT
    cursor: Cursor | UnsetType = UNSET


class StockAdjustmentSerializer(ForbidUnknownFields):
    """A change of stock: `{delta, reason, note}`, or `{counted, note}` after counting.

    A plain DRF serializer: the route is not hot, and DRF's fields are good at forms like this.
    """

    delta = WholeNumberField(required=False, min_value=-MAX_INTEGER, max_value=MAX_INTEGER)
    reason = serializers.ChoiceField(required=False, choices=["received", "returned", "corrected"])
    counted = WholeNumberField(required=False, min_value=0, max_value=MAX_INTEGER)
    note = serializers.CharField(
        required=False, allow_blank=True, max_length=longest(Note), default=""
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("delta" in attrs) == ("counted" in attrs):
            raise serializers.ValidationError({"delta": [EITHER]})
        if ("delta" in attrs) != ("reason" in attrs):
            raise serializers.ValidationError({"reason": [REASON]})
        if attrs.get("delta") == 0:
            raise serializers.ValidationError({"delta": [NO_MOVE]})
        return attrs


class MovementSerializer(serializers.Serializer):  # type: ignore[type-arg]  # read-only
    """One row of the ledger in a response."""

    id = serializers.IntegerField()
    product_id = serializers.IntegerField()
    delta = serializers.IntegerField()
    quantity_after = serializers.IntegerField()
    reason = serializers.ChoiceField(choices=StockMovement.Reason.choices)
    reference = serializers.CharField(allow_blank=True)
    note = serializers.CharField(allow_blank=True)
    actor = serializers.CharField()
    created_at = serializers.DateTimeField()


class AdjustmentIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """A movement of the product with `sku` or `product_id`: `delta` and `reason`, or `counted`."""

    sku: Sku | UnsetType = UNSET
    product_id: Id | UnsetType = UNSET
    delta: Delta | UnsetType = UNSET
    reason: Literal["received", "returned", "corrected"] | UnsetType = UNSET
    counted: Quantity | UnsetType = UNSET
    note: Note | UnsetType = UNSET

    def errors(self, path: str) -> Errors:
        """The errors of fields that are valid alone but not together, by field path."""
        errors: Errors = {}
        if (self.sku is UNSET) == (self.product_id is UNSET):
            errors[f"{path}.sku"] = ["Send either sku or product_id."]
        if (self.delta is UNSET) == (self.counted is UNSET):
            errors[f"{path}.delta"] = [EITHER]
        elif self.delta == 0:
            errors[f"{path}.delta"] = [NO_MOVE]
        if (self.delta is UNSET) != (self.reason is UNSET):
            errors[f"{path}.reason"] = [REASON]
        return errors


class AdjustmentsIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """Movements of any products, in the order in which to make them."""

    movements: Annotated[list[AdjustmentIn], Meta(min_length=1, max_length=MAX_MOVEMENTS)]

    def check(self) -> None:
        """Raise Invalid where fields that are valid alone are not valid together."""
        errors: Errors = {}
        for index, movement in enumerate(self.movements):
            errors |= movement.errors(f"movements.{index}")
        if errors:
            raise Invalid(errors=errors)


class MovementOut(Struct, kw_only=True):
    """A movement that was made."""

    id: int
    product_id: int
    delta: int
    quantity_after: int
    reason: str
    reference: str = ""
    note: str
    actor: str
    created_at: datetime


class AdjustmentOut(Struct, kw_only=True):
    """The outcome of one adjustment: its movement, or the problem that prevented it."""

    movement: MovementOut | UnsetType = UNSET
    problem: ProblemDocument | UnsetType = UNSET


class AdjustmentsOut(Struct, kw_only=True):
    """The outcomes of all adjustments, in their order."""

    moved: int
    refused: int
    results: list[AdjustmentOut]
