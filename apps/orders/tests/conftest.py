"""Fixtures of several test modules."""

import pytest

from apps.orders.apps import OrdersConfig
from apps.orders.money import KEEPS_PAYMENTS


@pytest.fixture(autouse=True)
def _payments_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let orders begin with nothing paid, also where the tests run with orders alone."""
    monkeypatch.setattr(OrdersConfig, "provides", (KEEPS_PAYMENTS,))
