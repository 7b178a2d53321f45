"""The form of the staff pages that issues a key."""

from django import forms

from apps.accounts.scopes import default_scopes, known_scopes


def _choices() -> list[tuple[str, str]]:
    return [(name, f"{name}: {scope.description}") for name, scope in known_scopes().items()]


class IssueKeyForm(forms.Form):
    """`cleaned_data` is what `operations.issue_key` takes."""

    client_name = forms.CharField(
        label="Client", help_text="Who will hold the key. A new name creates a new client."
    )
    scopes = forms.MultipleChoiceField(
        choices=_choices,
        initial=default_scopes,
        widget=forms.CheckboxSelectMultiple({"class": "radiolist"}),  # the admin's style for it
    )
