"""A shop's currency has two decimals, or the server does not start."""

import re

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.currencies import DECIMALS, shop_currency
from tests.test_gate import start


@pytest.mark.parametrize(
    ("currency", "state"),
    [
        ("JPY", "a currency with 0 decimals"),
        ("KWD", "a currency with 3 decimals"),
        ("CLF", "a currency with 4 decimals"),
        ("XAU", "for which ISO 4217 (as of 2026-01-01) has no number"),
        ("EURO", "for which ISO 4217 (as of 2026-01-01) has no number"),
        ("eur", "for which ISO 4217 (as of 2026-01-01) has no number"),
        ("", "for which ISO 4217 (as of 2026-01-01) has no number"),
    ],
)
def test_a_currency_without_two_decimals_stops_the_start(currency: str, state: str) -> None:
    with pytest.raises(ImproperlyConfigured) as refused:
        shop_currency(currency)
    assert f"CURRENCY is {currency!r}, {state}" in str(refused.value)
    assert "Every amount in Tradepost has 2 decimals" in str(refused.value)


def test_the_settings_refuse_such_a_currency() -> None:
    stopped = start(CURRENCY="JPY", DEBUG="on")
    assert stopped.returncode == 1
    assert "CURRENCY is 'JPY', a currency with 0 decimals" in stopped.stderr.splitlines()[-1]
    assert start(CURRENCY="CHF").returncode == 0


def test_each_code_has_one_number_of_decimals() -> None:
    codes = [code for group in DECIMALS.values() for code in group.split()]
    assert [code for code in codes if not re.fullmatch("[A-Z]{3}", code)] == []
    assert len(codes) == len({*codes}) == 165
