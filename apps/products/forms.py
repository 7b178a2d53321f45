"""The forms on the staff pages of products. `cleaned_data` is what the operations take."""

import uuid
from typing import Any

from django import forms
from django.contrib.admin.widgets import (
    AdminIntegerFieldWidget,
    AdminTextareaWidget,
    AdminTextInputWidget,
)
from django.core.validators import RegexValidator

from apps.products.models import MAX_PRICE, Product, StockMovement
from monoservices.api.types import EXPLANATIONS, MAX_INTEGER, SKU

_Reason = StockMovement.Reason


class ProductForm(forms.ModelForm):  # type: ignore[type-arg]
    """What can be changed of a product; its stock has a form of its own."""

    sku = forms.CharField(
        label="SKU",
        max_length=100,
        validators=[RegexValidator(SKU, EXPLANATIONS[SKU])],
        widget=AdminTextInputWidget,
    )
    description = forms.CharField(max_length=10_000, required=False, widget=AdminTextareaWidget)
    price = forms.DecimalField(min_value=0, max_value=MAX_PRICE, max_digits=10, decimal_places=2)
    low_stock_at = forms.IntegerField(
        min_value=0,
        max_value=MAX_INTEGER,
        required=False,
        widget=AdminIntegerFieldWidget,
        help_text="The list marks the product when its stock is down to this.",
    )

    class Meta:
        model = Product
        fields = ("sku", "name", "description", "price", "low_stock_at", "is_active")
        help_texts = {"is_active": "Archived otherwise: it stays, but cannot be ordered."}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            # `changed_data` is then what the staff changed, not what others did meanwhile.
            field.show_hidden_initial = True


class NewProductForm(ProductForm):
    """A product to create, with what there is of it."""

    sku = forms.CharField(
        label="SKU",
        max_length=100,
        required=False,
        validators=[RegexValidator(SKU, EXPLANATIONS[SKU])],
        widget=AdminTextInputWidget,
        help_text="One is made up if this is left empty.",
    )
    stock_quantity = forms.IntegerField(
        label="Stock",
        min_value=0,
        max_value=MAX_INTEGER,
        initial=0,
        widget=AdminIntegerFieldWidget,
    )


class StockForm(forms.Form):
    """A change of a product's stock, or a count of it."""

    reason = forms.ChoiceField(
        choices=[
            ("", "---------"),
            (_Reason.RECEIVED, "Received: units came in"),
            (_Reason.RETURNED, "Returned: a customer sent units back"),
            (_Reason.CORRECTED, "Corrected: units were lost or found"),
            (_Reason.COUNTED, "Counted: this is what there is"),
        ]
    )
    units = forms.IntegerField(
        min_value=-MAX_INTEGER,
        max_value=MAX_INTEGER,
        widget=AdminIntegerFieldWidget,
        help_text="What to add, negative to take away; after counting, what there is.",
    )
    note = forms.CharField(
        max_length=500,
        widget=AdminTextInputWidget,
        help_text="Why, or where it is written: a delivery note, the reason of a loss.",
    )
    # Sent with the form, so that sending it twice moves the stock once.
    token = forms.UUIDField(initial=uuid.uuid4, widget=forms.HiddenInput)

    def clean_units(self) -> int:
        units: int = self.cleaned_data["units"]
        counted = self.cleaned_data.get("reason") == _Reason.COUNTED
        if counted and units < 0:
            raise forms.ValidationError("There cannot be less than nothing.")
        if units == 0 and not counted:
            raise forms.ValidationError("This moves nothing.")
        return units
