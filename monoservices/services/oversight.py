"""Who may see, in every service, what others did: actors, and the documents behind their rows.

A service declares the scope and the permission (`ServiceConfig.oversight`). Others ask here, so
that they need not know which service declares it.
"""

from collections.abc import Iterable
from typing import Any

from django.conf import settings

from monoservices.services.config import services
from monoservices.services.scopes import Caller, Oversight


def sees_others(caller: Caller) -> bool:
    """Whether the key of this caller has a scope of oversight."""
    return any(each.scope in caller.scopes for each in _declared())


def staff_sees_others(user: Any) -> bool:
    """Whether this signed-in person has a permission of oversight. Superusers have every one."""
    return bool(user.is_superuser) or any(user.has_perm(each.permission) for each in _declared())


def _declared() -> Iterable[Oversight]:
    """What the setting OVERSIGHT says; without it, what the installed services declare."""
    declared: Iterable[Oversight] | None = getattr(settings, "OVERSIGHT", None)
    if declared is not None:
        return declared
    return (each.oversight for each in services() if each.oversight)
