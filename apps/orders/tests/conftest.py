"""Fixtures of several test modules."""

from collections.abc import Iterator

import pytest
from django.db import transaction

from apps.orders.apps import OrdersConfig
from apps.orders.money import KEEPS_PAYMENTS


@pytest.fixture
def undone() -> Iterator[None]:
    """Undo what breaks foreign keys, which are checked at the end of a transaction."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture(autouse=True)
def _payments_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let orders begin with nothing paid, also where the tests run with orders alone."""
    monkeypatch.setattr(OrdersConfig, "provides", (KEEPS_PAYMENTS,))
