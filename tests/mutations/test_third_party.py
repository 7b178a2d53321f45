"""The rules on Django's own apps and on other libraries': what they say there is so.

Each app that is installed and no service is taken for one. What is left is listed, all of it: these
apps are written to know every app's models, and the users', which are a service's here. Nothing is
said for a word that looks like a table, or a name that looks like a look-up.
"""

import pytest
from django.apps import apps

from monoservices.boundaries.checking import find_violations
from monoservices.services.config import ServiceConfig, services

SAID = {
    # LogEntry.user: seen from the user, cascades, and is shown in the history.
    "admin": {("E006", "accounts"), ("E007", "accounts"), ("E008", "accounts"), ("E009", "any")},
    # get_user_model() everywhere, and the users of a group, whose permissions are theirs.
    "auth": {("E008", "accounts"), ("E009", "accounts"), ("E009", "any")},
    # A content type stands for any model.
    "contenttypes": {("E009", "any")},
    "drf_spectacular": set(),
    "drf_spectacular_sidecar": set(),
    "messages": set(),
    "rest_framework": {("E009", "accounts")},  # get_user_model()
    "sessions": set(),
    "staticfiles": set(),
}


def test_these_are_the_apps_that_are_no_services() -> None:
    installed = {config.label for config in apps.get_app_configs()}
    assert installed - {each.label for each in services()} - {"monoservices"} == SAID.keys()


@pytest.mark.parametrize("label", SAID)
def test_what_is_said_of_an_app_if_it_were_a_service(
    label: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = apps.get_app_config(label)
    as_service = type("AsService", (ServiceConfig, type(config)), {})
    monkeypatch.setattr(config, "__class__", as_service)
    found = {(each.id, each.other) for each in find_violations() if each.service == label}
    assert found == SAID[label]
