"""The forms on the staff pages of products. `cleaned_data` is what the operations take."""

import uuid
from typing import Any

from django import forms
from django.contrib.admin.widgets import AdminIntegerFieldWidget, AdminTextInputWidget

from apps.products.bounds import longest, validators
from apps.products.exceptions import NothingReceived
from apps.products.models import MAX_PRICE, Delta, Note, Product, Quantity, StockMovement
from apps.products.stock.movements import ADDING

_Reason = StockMovement.Reason
EDITABLE = [field.name for field in Product._meta.fields if field.editable]


class ProductForm(forms.ModelForm):  # type: ignore[type-arg]
    """The editable fields of a product, with the bounds of the model. Stock has its own form."""

    # Declared for its message: the model alone would complain about the number of digits.
    price = forms.DecimalField(
        label="Price", min_value=0, max_value=MAX_PRICE, max_digits=10, decimal_places=2
    )

    class Meta:
        model = Product
        fields = [name for name in EDITABLE if name != "stock_quantity"]
        help_texts = {
            "is_active": "If not, the product is archived: it stays, but nobody can order it.",
            "low_stock_at": "The list marks the product when its stock is down to this.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            # `changed_data` is then what this person changed, not what others did meanwhile.
            field.show_hidden_initial = True


class NewProductForm(ProductForm):
    """A product to create, with its stock."""

    class Meta(ProductForm.Meta):
        fields = EDITABLE

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        sku = self.fields["sku"]
        sku.required, sku.initial = False, None
        sku.help_text = "Tradepost generates one if this is left empty."


class StockForm(forms.Form):
    """A change of a product's stock, or a count."""

    reason = forms.ChoiceField(
        choices=[
            ("", "---------"),
            (_Reason.RECEIVED, "Received: units came in"),
            (_Reason.RETURNED, "Returned: a customer sent units back"),
            (_Reason.CORRECTED, "Corrected: units were lost or found"),
            (_Reason.COUNTED, "Counted: this is how many lie on the shelf"),
        ]
    )
    units = forms.IntegerField(
        validators=validators(Delta),
        widget=AdminIntegerFieldWidget,
        help_text="How many to add; a minus takes away. After counting, how many lie on the shelf,"
        " those of orders that are not shipped included.",
    )
    note = forms.CharField(
        max_length=longest(Note),
        widget=AdminTextInputWidget,
        help_text="Why the stock changes, such as the number of a delivery note.",
    )
    # What the person saw when counting: somebody may have moved the stock since.
    expected = forms.IntegerField(
        required=False, validators=validators(Quantity), widget=forms.HiddenInput
    )
    # Makes sending the form twice move the stock once.
    token = forms.UUIDField(initial=uuid.uuid4, widget=forms.HiddenInput)

    def clean_units(self) -> int:
        units: int = self.cleaned_data["units"]
        reason = self.cleaned_data.get("reason")
        counted = reason == _Reason.COUNTED
        if counted and units < 0:
            raise forms.ValidationError("A count cannot be negative.")
        if units == 0 and not counted:
            raise forms.ValidationError("Zero units change nothing.")
        if units < 0 and reason in ADDING:
            raise forms.ValidationError(NothingReceived.default_detail)
        return units
