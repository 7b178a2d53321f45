"""The form of the staff pages that issues a key."""

from django import forms

from apps.accounts.scopes import default_scopes, known_scopes


class IssueKeyForm(forms.Form):
    """`cleaned_data` is what `operations.issue_key` takes."""

    client_name = forms.CharField(
        label="Client", help_text="Who will hold the key. A new name creates a new client."
    )
    scopes = forms.MultipleChoiceField(
        choices=lambda: [(s.name, f"{s.name}: {s.description}") for s in known_scopes().values()],
        initial=default_scopes,
        widget=forms.CheckboxSelectMultiple({"class": "radiolist"}),  # the admin's style for it
    )
