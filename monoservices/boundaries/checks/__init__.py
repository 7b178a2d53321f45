"""The boundaries between services, checked by `manage.py check`: one rule per file."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage

from monoservices.boundaries.checks import (
    baseline,
    contract_use,
    contracts,
    dependencies,
    get_model,
    handouts,
    imports,
    lookups,
    migrations,
    relations,
    signals,
    sql,
)
from monoservices.boundaries.checks.violations import Violation
from monoservices.services.config import ServiceConfig, services

Rule = Callable[[Sequence[ServiceConfig]], Iterator[Violation]]

RULES: tuple[Rule, ...] = (
    imports.check,
    dependencies.check,
    relations.check,
    lookups.check,
    get_model.check,
    sql.check,
    signals.check,
    migrations.check,
    handouts.check,
    contracts.check,
    contract_use.check,
)


def violations(rules: Iterable[Rule] = RULES) -> list[Violation]:
    """What the rules find in the installed services, sorted."""
    installed = tuple(services())
    return sorted({found for rule in rules for found in rule(installed)})


def boundaries(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """The Django check, of the given apps or of all, without the violations that are known."""
    labels = None if app_configs is None else {each.label for each in app_configs}
    found = baseline.apply(violations())
    return [each.message() for each in found if labels is None or each.service in labels]
