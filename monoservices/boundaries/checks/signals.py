"""E011: a receiver hears what happens to another service's models."""

import ast
from collections.abc import Iterator, Sequence

from django.conf import settings
from django.db.models.signals import ModelSignal

from monoservices.boundaries.analysis.loaded import object_at
from monoservices.boundaries.analysis.names import Names, code
from monoservices.boundaries.checks.get_model import ANY
from monoservices.boundaries.checks.violations import Violation
from monoservices.services.config import ServiceConfig, services
from monoservices.services.ownership import service_of_model

SIGNAL = "E011"


def check(checked: Sequence[ServiceConfig]) -> Iterator[Violation]:
    """A service hears the signals of its own models only."""
    for service in checked:
        for names in code(service):
            for node in names.module.nodes:
                if isinstance(node, ast.Call):
                    yield from _violations(names, node)


def _violations(names: Names, call: ast.Call) -> Iterator[Violation]:
    signals, sender = _connected(names, call)
    heard = sorted({name for signal in signals for name in _model_signals(names, signal)})
    if heard:
        for other in sorted(_senders(names, sender) - {names.module.service.label}):
            yield _violation(names, call, other, ", ".join(heard))


def _connected(names: Names, call: ast.Call) -> tuple[list[ast.expr], ast.expr | None]:
    """The signals that a call connects a receiver to, and the sender that it names."""
    sender = next((each.value for each in call.keywords if each.arg == "sender"), None)
    match call:
        case ast.Call(func=ast.Attribute(value=signal, attr="connect"), args=positional):
            return [signal], sender or (positional[1] if len(positional) > 1 else None)
        case ast.Call(func=function, args=[signal]) if "django.dispatch.receiver" in names.origins(
            function
        ) or "django.dispatch.dispatcher.receiver" in names.origins(function):
            values = names.assigned.get(signal.id, []) if isinstance(signal, ast.Name) else []
            for each in (signal, *values):
                if isinstance(each, ast.List | ast.Tuple):
                    return each.elts, sender
            return [signal], sender
    return [], None


def _model_signals(names: Names, signal: ast.expr) -> Iterator[str]:
    for origin in names.origins(signal):
        if isinstance(object_at(origin), ModelSignal):
            yield origin.rpartition(".")[2]


def _senders(names: Names, sender: ast.expr | None) -> set[str]:
    """Labels of the services that are heard; ANY for those of all."""
    if sender is None or (isinstance(sender, ast.Constant) and sender.value is None):
        return {ANY}
    text = names.module.text(sender)
    if "django.conf.settings.AUTH_USER_MODEL" in names.origins(sender):
        text = settings.AUTH_USER_MODEL
    if text is not None:
        return {text.partition(".")[0]} & {each.label for each in services()}
    owners = map(service_of_model, names.models(sender))
    return {owner.label for owner in owners if owner}


def _violation(names: Names, call: ast.Call, other: str, signals: str) -> Violation:
    module, service = names.module, names.module.service.label
    whose = "any service's models" if other == ANY else f"models of {other}"
    return Violation(
        id=SIGNAL,
        service=service,
        other=other,
        path=module.shown_path,
        line=call.lineno,
        what=f"{service} hears {signals} of {whose}.",
        hint="Name a model of your own as `sender`. What another service should tell"
        f" {service}, its operations say by what they return, or {service} asks for it"
        " in microservice_communication.py.",
    )
