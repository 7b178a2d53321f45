"""The forms on which some units of an order are shipped, canceled or returned.

Fields of a line have the names that the operations use in errors, such as `lines.17.quantity`.
"""

import uuid
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from django import forms

from apps.orders.fulfilment.goods import LineUnits, open_units, returnable_units
from apps.orders.fulfilment.requests import Followed, ReturnedUnits, ReturnRequest
from apps.orders.fulfilment.staff.forms import SeenForm, TrackingFields
from apps.orders.models import Order, OrderLine
from apps.orders.placing.rules import MAX_QUANTITY, MAX_TOTAL, NOTHING, REASON_LENGTH


class UnitsForm(SeenForm):
    """A quantity for every line of an order that is on this page of them."""

    # Makes sending the form twice write one shipment, or one return.
    token = forms.UUIDField(initial=uuid.uuid4, widget=forms.HiddenInput)

    columns: Sequence[str] = ("quantity",)
    """The fields of a line."""
    there: Callable[[OrderLine], int] = staticmethod(open_units)
    """How many units of a line can be asked for."""
    what = "open"
    """What these units are, for people."""
    prefilled = False
    """Whether the form asks for all of them at first."""

    def __init__(self, data: Any, *, order: Order, lines: Sequence[OrderLine]) -> None:
        super().__init__(data, initial={"version": order.version})
        self.lines = lines
        for line in lines:
            for name, field in self.fields_of(line).items():
                self.fields[f"lines.{line.pk}.{name}"] = field

    def fields_of(self, line: OrderLine) -> dict[str, forms.Field]:
        """The fields of a line, by column."""
        there = type(self).there(line)
        quantity = forms.IntegerField(
            label=f"Units of {line.product_name}",
            required=False,
            min_value=0,
            max_value=MAX_QUANTITY,
            initial=there if self.prefilled else 0,
        )
        quantity.widget.attrs["max"] = there
        return {"quantity": quantity}

    def rows(self) -> Iterator[tuple[OrderLine, int, list[Any]]]:
        """(line, how many units are there, its fields) for the page."""
        for line in self.lines:
            fields = [self[f"lines.{line.pk}.{name}"] for name in self.columns]
            yield line, type(self).there(line), fields

    def clean(self) -> None:
        if not self.errors and not self.chosen():
            raise forms.ValidationError("Choose at least one unit.")

    def chosen(self) -> list[dict[str, Any]]:
        """What was sent for each line with units, as LineUnits takes it."""
        sent = [
            {"path": f"lines.{line.pk}", "line_id": line.pk}
            | {name: self.cleaned_data.get(f"lines.{line.pk}.{name}") for name in self.columns}
            for line in self.lines
        ]
        return [each for each in sent if each["quantity"]]

    def units(self) -> tuple[LineUnits, ...]:
        """What the operations take."""
        return tuple(LineUnits(**each) for each in self.chosen())

    @property
    def key(self) -> str:
        """The idempotency key of what this form asks for."""
        return f"staff:{self.cleaned_data['token']}"


class ShipForm(TrackingFields, UnitsForm):
    """Units that leave in one parcel."""

    prefilled = True

    def followed(self) -> Followed:
        return Followed(**{name: self.cleaned_data[name] for name in Followed.__struct_fields__})


class CancelForm(UnitsForm):
    """Open units that the customer gets no more."""


class ReturnForm(UnitsForm):
    """Units that came back."""

    columns = ("quantity", "restock", "credit", "reason")
    there = staticmethod(returnable_units)
    what = "to return"

    charges_credit = forms.DecimalField(
        label="Credit of charges",
        required=False,
        min_value=0,
        max_value=MAX_TOTAL,
        decimal_places=2,
        help_text="What is credited of the order's charges besides, such as its shipping.",
    )

    def fields_of(self, line: OrderLine) -> dict[str, forms.Field]:
        name = line.product_name
        return super().fields_of(line) | {
            "restock": forms.TypedChoiceField(
                label=f"Whether {name} is on sale again",
                required=False,
                choices=[("", "---------"), ("yes", "Back on sale"), ("no", "Not sold again")],
                coerce=lambda value: value == "yes",
                empty_value=None,
            ),
            "credit": forms.DecimalField(
                label=f"Credit for {name}",
                required=False,
                min_value=0,
                max_value=MAX_TOTAL,
                decimal_places=2,
            ),
            "reason": forms.CharField(
                label=f"Reason for {name}", required=False, max_length=REASON_LENGTH
            ),
        }

    def clean(self) -> None:
        super().clean()
        for each in self.chosen():
            field = f"{each['path']}.restock"
            if each["restock"] is None and field not in self.errors:
                self.add_error(field, "Say whether these units are on sale again.")

    def request(self) -> ReturnRequest:
        """What `return_goods` takes."""
        lines = tuple(ReturnedUnits(**each) for each in self.chosen())
        return ReturnRequest(
            lines=lines, charges_credit=self.cleaned_data["charges_credit"] or NOTHING
        )
