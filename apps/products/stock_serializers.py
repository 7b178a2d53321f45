"""What goes over the wire: movements of the stock of many products at once."""

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from apps.products.stock.many import AdjustedStock, Adjustment
from monoservices.api.problems import Errors, Invalid
from monoservices.api.serializers import StructSerializer, sent_fields
from monoservices.api.types import MAX_INTEGER, NO_NUL, Id, Sku

MAX_MOVEMENTS = 1_000
Note = Annotated[str, Meta(max_length=500, pattern=NO_NUL)]
Delta = Annotated[int, Meta(ge=-MAX_INTEGER, le=MAX_INTEGER)]


class AdjustmentIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """A movement of the product with `sku` or `product_id`: `delta` and `reason`, or `counted`."""

    sku: Sku | UnsetType = UNSET
    product_id: Id | UnsetType = UNSET
    delta: Delta | UnsetType = UNSET
    reason: Literal["received", "returned", "corrected"] | UnsetType = UNSET
    counted: Annotated[int, Meta(ge=0, le=MAX_INTEGER)] | UnsetType = UNSET
    note: Note | UnsetType = UNSET

    def errors(self, path: str) -> Errors:
        """Where fields that are fine alone do not go together."""
        errors: Errors = {}
        if (self.sku is UNSET) == (self.product_id is UNSET):
            errors[f"{path}.sku"] = ["Send either sku or product_id."]
        if (self.delta is UNSET) == (self.counted is UNSET):
            errors[f"{path}.delta"] = ["Send either delta or counted."]
        elif self.delta == 0:
            errors[f"{path}.delta"] = ["A delta of 0 moves nothing."]
        if (self.delta is UNSET) != (self.reason is UNSET):
            errors[f"{path}.reason"] = ["A delta needs a reason, a count none."]
        return errors


class AdjustmentsIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """Movements of any products, in the order in which they are to be made."""

    movements: Annotated[list[AdjustmentIn], Meta(min_length=1, max_length=MAX_MOVEMENTS)]


class AdjustmentsSerializer(StructSerializer):
    """Many movements, in and out. context: `actor`, and `idempotency_key` or None."""

    struct = AdjustmentsIn

    @classmethod
    def check(cls, parsed: AdjustmentsIn, *, partial: bool) -> None:
        errors: Errors = {}
        for index, movement in enumerate(parsed.movements):
            errors |= movement.errors(f"movements.{index}")
        if errors:
            raise Invalid(errors=errors)

    def create(self, validated_data: dict[str, Any]) -> AdjustedStock:
        from apps.products.operations import adjust_stock

        adjustments = [
            Adjustment(path=f"movements.{index}", **sent_fields(movement))
            for index, movement in enumerate(validated_data["movements"])
        ]
        return adjust_stock(adjustments=adjustments, **self.context)
