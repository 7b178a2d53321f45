"""E011: a receiver is connected to signals of another service's models."""

import ast
from collections.abc import Iterator

from django.conf import settings
from django.db.models.signals import ModelSignal

from monoservices.boundaries.analysis.loaded import object_at
from monoservices.boundaries.analysis.names import Names, argument, code
from monoservices.boundaries.rules import ANY_SERVICE, Finding, rule
from monoservices.services.config import ServiceConfig, services
from monoservices.services.ownership import service_of_model

_RECEIVER = {"django.dispatch.receiver", "django.dispatch.dispatcher.receiver"}


@rule("E011")
def check(service: ServiceConfig) -> Iterator[Finding]:
    """A service receives the signals of its own models only."""
    for names in code(service):
        for call in names.module.nodes:
            if not isinstance(call, ast.Call):
                continue
            signals, sender = _connected(names, call)
            received = ", ".join(sorted(_model_signals(names, signals)))
            for other in sorted(_senders(names, sender) - {service.label}) if received else ():
                yield _finding(names, call, other, received)


def _connected(names: Names, call: ast.Call) -> tuple[list[ast.expr], ast.expr | None]:
    """The signals that a call connects a receiver to, and the sender that it names."""
    sender = argument(call, "sender", 1)
    match call:
        case ast.Call(func=ast.Attribute(value=signal, attr="connect")):
            return [signal], sender
        case ast.Call(func=function, args=[signal]) if _RECEIVER & names.origins(function):
            values = names.assigned.get(signal.id, []) if isinstance(signal, ast.Name) else []
            for each in (signal, *values):
                if isinstance(each, ast.List | ast.Tuple):
                    return each.elts, sender
            return [signal], sender
    return [], None


def _model_signals(names: Names, signals: list[ast.expr]) -> set[str]:
    origins = set[str]().union(*map(names.origins, signals))
    return {
        origin.rpartition(".")[2]
        for origin in origins
        if isinstance(object_at(origin), ModelSignal)
    }


def _senders(names: Names, sender: ast.expr | None) -> set[str]:
    """Labels of the services whose models may send the signal."""
    if sender is None or (isinstance(sender, ast.Constant) and sender.value is None):
        return {ANY_SERVICE}
    text = names.module.text(sender)
    if "django.conf.settings.AUTH_USER_MODEL" in names.origins(sender):
        text = settings.AUTH_USER_MODEL
    if text is not None:
        return {text.partition(".")[0]} & {each.label for each in services()}
    owners = map(service_of_model, names.models(sender))
    return {owner.label for owner in owners if owner}


def _finding(names: Names, call: ast.Call, other: str, signals: str) -> Finding:
    service = names.module.service.label
    whose = "the models of any service" if other == ANY_SERVICE else f"models of {other}"
    return Finding(
        other,
        names.module.shown_path,
        call.lineno,
        f"{service} receives {signals} of {whose}.",
        f"Name a model of your own as `sender`. If {service} must know what another service does,"
        " use what the other's operations return, or ask in microservice_communication.py.",
    )
