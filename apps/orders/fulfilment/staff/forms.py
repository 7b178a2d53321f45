"""The forms on the staff pages of orders, which say what the staff member has seen."""

from collections.abc import MutableMapping
from typing import Any

from django import forms
from django.contrib.admin.widgets import AdminTextInputWidget
from django.core.validators import RegexValidator

from apps.orders.exceptions import IdempotencyKeyReused, OrdersError, VersionConflict
from apps.orders.fulfilment.requests import Followed
from apps.orders.placing.rules import CARRIER_LENGTH, TRACKING_LENGTH, URL_LENGTH
from monoservices.api.types import EXPLANATIONS, WEB_ADDRESS


class SeenForm(forms.Form):
    """version: the version of the order that the staff member has seen."""

    version = forms.IntegerField(widget=forms.HiddenInput)

    def refuse(self, error: OrdersError) -> None:
        """Say at the fields, or above them, why nothing was done."""
        errors = error.errors or {"": [error.detail]}
        if isinstance(error, IdempotencyKeyReused):
            errors = {"": ["This form was sent before with other values; open it again."]}
        elif isinstance(error, VersionConflict):
            errors = {"": [f"{error.detail} Open this form again."]}
        for path, texts in errors.items():
            self.add_error(path if path in self.fields else None, texts)


class TrackingFields(forms.Form):
    """Where a shipment can be followed, by the fields of Tracking."""

    carrier = forms.CharField(
        required=False, max_length=CARRIER_LENGTH, widget=AdminTextInputWidget
    )
    tracking_number = forms.CharField(
        required=False, max_length=TRACKING_LENGTH, widget=AdminTextInputWidget
    )
    tracking_url = forms.CharField(
        label="Tracking URL",
        required=False,
        max_length=URL_LENGTH,
        widget=AdminTextInputWidget,
        validators=[RegexValidator(WEB_ADDRESS, EXPLANATIONS[WEB_ADDRESS])],
        help_text="The page of the carrier that shows where the parcel is.",
    )


class TrackingForm(TrackingFields, SeenForm):
    """Another carrier, number or page of a shipment."""

    def __init__(self, data: Any, *, initial: MutableMapping[str, Any]) -> None:
        super().__init__(data, initial=initial)
        for name in Followed.__struct_fields__:
            # What the person has seen comes back, and shows what this person has changed.
            self.fields[name].show_hidden_initial = True

    def changes(self) -> dict[str, str]:
        """What to write, by field."""
        return {name: self.cleaned_data[name] for name in self._changed()}

    def seen(self) -> dict[str, str]:
        """What stood in the fields that changed when the form was shown."""
        sent = {name: self.data.get(self.add_initial_prefix(name), "") for name in self._changed()}
        return {name: str(value) for name, value in sent.items()}

    def _changed(self) -> list[str]:
        return [name for name in self.changed_data if name in Followed.__struct_fields__]
