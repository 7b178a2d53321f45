"""Applies the rules to the installed services, as a Django system check."""

from collections.abc import Collection, Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage

import monoservices.boundaries.checks  # noqa: F401 - registers the rules
from monoservices.boundaries.baseline import remove_known
from monoservices.boundaries.rules import RULES, Violation
from monoservices.services.config import services


def find_violations(ids: Collection[str] = RULES.keys()) -> list[Violation]:
    """Everything that the rules with these ids find in the installed services, sorted."""
    found = {
        Violation(each, service.label, *finding)
        for each in ids
        for service in services()
        for finding in RULES[each](service)
    }
    return sorted(found)


def check_boundaries(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """The Django check: the violations in these apps, or in all, that are not in the baseline."""
    labels = None if app_configs is None else {each.label for each in app_configs}
    found = remove_known(find_violations())
    return [each.message() for each in found if labels is None or each.service in labels]
