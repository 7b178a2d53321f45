"""How the API knows who sends a request: `Authorization: Bearer tp_…`."""

from apps.accounts import keys, operations
from monoservices.api.access import KeyAuthentication


class ApiKeyAuthentication(KeyAuthentication):
    """Looks a key up in one statement, and once a minute a second one that notes its use."""

    bearer_digest = staticmethod(keys.bearer_digest)
    ask_for_callers = staticmethod(operations.ask_for_callers)
