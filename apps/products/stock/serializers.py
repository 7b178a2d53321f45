"""What goes over the wire: movements of stock, of one product and of many at once."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType
from rest_framework import serializers

from apps.products.bounds import longest
from apps.products.exceptions import NothingReceived
from apps.products.models import Delta, Note, Quantity, StockMovement
from apps.products.stock.movements import ADDING
from monoservices.api.pagination import DEFAULT_LIMIT, Cursor, Limit
from monoservices.api.problems import Errors, Invalid, ProblemDocument
from monoservices.api.serializers import ForbidUnknownFields, WholeNumberField, sent_fields
from monoservices.api.types import MAX_INTEGER, Id, Moment, Sku
from monoservices.services.oversight import sees_others
from monoservices.services.scopes import Caller

MAX_MOVEMENTS = 1_000


def contradictions(sent: Mapping[str, Any]) -> Errors:
    """The errors of an adjustment's fields that are valid alone but not together."""
    errors: Errors = {}
    if ("delta" in sent) == ("counted" in sent):
        errors["delta"] = ["Send either delta or counted."]
    elif sent.get("delta") == 0:
        errors["delta"] = ["A delta of 0 moves nothing."]
    if ("delta" in sent) != ("reason" in sent):
        errors["reason"] = ["A delta needs a reason, a count has none."]
    elif sent.get("reason") in ADDING and sent["delta"] < 0:
        errors["delta"] = [NothingReceived.default_detail]
    return errors


class MovementQuery(Struct, forbid_unknown_fields=True, kw_only=True):
    """The query string of the list of a product's movements, newest first."""

    limit: Limit = DEFAULT_LIMIT
    cursor: Cursor | UnsetType = UNSET


# A plain DRF serializer: the route is not hot, and DRF's fields are good at forms like this.
class StockAdjustmentSerializer(ForbidUnknownFields):
    """A change of stock: `{delta, reason, note}`, or `{counted, note}` after counting the shelf.

    `expected` says how many must be on hand before.
    """

    delta = WholeNumberField(required=False, min_value=-MAX_INTEGER, max_value=MAX_INTEGER)
    reason = serializers.ChoiceField(required=False, choices=["received", "returned", "corrected"])
    counted = WholeNumberField(required=False, min_value=0, max_value=MAX_INTEGER)
    expected = WholeNumberField(required=False, min_value=0, max_value=MAX_INTEGER)
    note = serializers.CharField(required=False, allow_blank=True, max_length=longest(Note))

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if errors := contradictions(attrs):
            raise serializers.ValidationError(errors)
        return attrs


class MovementSerializer(serializers.Serializer):  # type: ignore[type-arg]  # read-only
    """One row of the ledger in a response.

    `delta` and `quantity_after` are of what can be sold, `committed_delta` and `committed_after` of
    what is promised and not yet shipped; movements from before Tradepost kept the latter have 0 and
    null. `missing` units were promised and not there.
    `reference` and `actor` are empty if somebody else made the movement, unless the key has the
    scope that shows what others did.
    """

    id = serializers.IntegerField()
    product_id = serializers.IntegerField()
    delta = serializers.IntegerField()
    quantity_after = serializers.IntegerField()
    committed_delta = serializers.SerializerMethodField()
    committed_after = serializers.IntegerField(allow_null=True)
    missing = serializers.IntegerField()
    reason = serializers.ChoiceField(choices=StockMovement.Reason.choices)
    reference = serializers.CharField(allow_blank=True)
    note = serializers.CharField(allow_blank=True)
    actor = serializers.CharField(allow_blank=True)
    created_at = serializers.DateTimeField()

    def get_committed_delta(self, movement: StockMovement) -> int:
        return movement.committed_delta or 0

    @classmethod
    def for_viewer(cls, viewer: Caller) -> Callable[[StockMovement], dict[str, Any]]:
        """A function that represents a movement as this caller may see it."""
        sees_all = sees_others(viewer)

        def represent(movement: StockMovement) -> dict[str, Any]:
            shown = cls(movement).data
            is_shown = sees_all or movement.actor == viewer.actor
            return shown if is_shown else shown | {"reference": "", "actor": ""}

        return represent


class AdjustmentIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """A movement of the product with `sku` or `product_id`: `delta` and `reason`, or `counted`."""

    sku: Sku | UnsetType = UNSET
    product_id: Id | UnsetType = UNSET
    delta: Delta | UnsetType = UNSET
    reason: Literal["received", "returned", "corrected"] | UnsetType = UNSET
    counted: Quantity | UnsetType = UNSET
    expected: Quantity | UnsetType = UNSET
    note: Note | UnsetType = UNSET


class AdjustmentsIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """Movements of any products, in the order in which to make them."""

    movements: Annotated[list[AdjustmentIn], Meta(min_length=1, max_length=MAX_MOVEMENTS)]

    def check(self) -> None:
        """Raise Invalid where fields that are valid alone are not valid together."""
        errors: Errors = {}
        for index, movement in enumerate(self.movements):
            sent = sent_fields(movement)
            own = contradictions(sent)
            if ("sku" in sent) == ("product_id" in sent):
                own["sku"] = ["Send either sku or product_id."]
            errors |= {f"movements.{index}.{name}": texts for name, texts in own.items()}
        if errors:
            raise Invalid(errors=errors)


class MovementOut(Struct, kw_only=True):
    """A movement that was made."""

    id: int
    product_id: int
    delta: int
    quantity_after: int
    committed_delta: int
    committed_after: int
    missing: int
    reason: Annotated[str, Meta(extra_json_schema={"enum": [*StockMovement.Reason.values]})]
    reference: str
    note: str
    actor: str
    created_at: Moment


class AdjustmentOut(Struct, kw_only=True):
    """The outcome of one adjustment: its movement, or the problem that prevented it."""

    movement: MovementOut | UnsetType = UNSET
    problem: ProblemDocument | UnsetType = UNSET


class AdjustmentsOut(Struct, kw_only=True):
    """The outcomes of all adjustments, in their order."""

    moved: int
    refused: int
    results: list[AdjustmentOut]
