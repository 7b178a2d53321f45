"""What the routes of payments refuse."""

from typing import Any

from tests.bad_input.cases import BEYOND_BIGINT, Case, case

CASH = {"amount": "5.00", "method": "cash"}
OF_PROVIDER = {"amount": "5.00", "method": "card", "provider": "bank", "provider_reference": "B-2"}


def keyed(request: str, body: Any, *fields: str, **outcome: Any) -> Case:
    return case(request, body, *fields, idempotency_key="a", **outcome)


PAYMENTS = {
    "neither key nor reference": case(
        "POST orders/<paid>/payments/", CASH, code="idempotency_key_required"
    ),
    "a refund with neither": case(
        "POST orders/<paid>/refunds/", CASH, code="idempotency_key_required"
    ),
    "a provider alone": case(
        "POST orders/<paid>/payments/",
        CASH | {"provider": "bank"},
        code="idempotency_key_required",
    ),
    "more than is paid": keyed(
        "POST orders/<paid>/refunds/",
        CASH | {"amount": "5.01"},
        "amount",
        status=409,
        code="refund_exceeds_paid",
    ),
    "a refund where nothing is paid": keyed(
        "POST orders/<shipped>/refunds/",
        CASH | {"amount": "0.01"},
        "amount",
        status=409,
        code="refund_exceeds_paid",
    ),
    "another amount by the same reference": case(
        "POST orders/<paid>/payments/",
        OF_PROVIDER | {"provider_reference": "B-1", "amount": "5.01"},
        "provider_reference",
        status=409,
        code="payment_exists",
    ),
    "another order by the same reference": case(
        "POST orders/<shipped>/payments/",
        OF_PROVIDER | {"provider_reference": "B-1"},
        "provider_reference",
        status=409,
        code="payment_exists",
    ),
    "an order that does not exist": case(
        f"POST orders/{BEYOND_BIGINT - 1}/payments/", OF_PROVIDER, status=404, code="not_found"
    ),
    "all at once": case(
        "POST orders/<paid>/payments/",
        {"amount": 5, "method": "", "note": 1, "kind": "refund"},
        *("amount", "kind", "method", "note"),
    ),
}
for _kind in ("payments", "refunds"):
    _request = f"POST orders/<paid>/{_kind}/"
    PAYMENTS |= {
        f"{_kind}: nothing": case(_request, {}, "amount", "method"),
        f"{_kind}: an amount of 0": keyed(_request, CASH | {"amount": "0.00"}, "amount"),
        f"{_kind}: another currency": keyed(_request, CASH | {"currency": "USD"}, "currency"),
        f"{_kind}: a currency in small letters": keyed(
            _request, CASH | {"currency": "eur"}, "currency"
        ),
        f"{_kind}: a reference without a provider": case(
            _request, CASH | {"provider_reference": "B-2"}, "provider"
        ),
        f"{_kind}: a key with a line break": case(
            _request, CASH, "Idempotency-Key", idempotency_key="a\tb"
        ),
    }
FIELDS: dict[str, list[Any]] = {
    "amount": [1, 1.5, None, "", "-1", "1_000", "٣", "1e2", "1.234", "1" + "0" * 12, "0", "NaN"],
    "method": [1, None, "", " ", "a\0", "m" * 51],
    "currency": [1, None, "", "EURO", "E\0R"],
    "provider": [1, None, "", " ", "a\0", "p" * 101],
    "provider_reference": [1, None, "", "\t", "a\0", "r" * 201],
    "note": [1, None, "a\0", "n" * 1_001],
}
for _field, _values in FIELDS.items():
    for _value in _values:
        PAYMENTS[f"{_field} {_value!r:.20}"] = case(
            "POST orders/<paid>/payments/", OF_PROVIDER | {_field: _value}, _field
        )
