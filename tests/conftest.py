from collections.abc import Iterator

import pytest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections


@pytest.fixture
def wsgi_in_a_transaction(db: None) -> Iterator[None]:
    """Let a test call the WSGI application itself, and see what it did to the database.

    A request closes the connections that a transaction is open on; Django's test client sees to
    that in the same way.
    """
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)
