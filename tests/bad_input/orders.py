"""What the routes of orders refuse."""

from typing import Any

from tests.bad_input.cases import BEYOND_BIGINT, case

MUG_LINE = {"sku": "MUG", "quantity": 1}
FEE = {"type": "fee", "amount": "1.00"}

TOO_MANY_LINES = [MUG_LINE] * 2_001
DEEP: dict[str, Any] = {"a": {"b": {"c": {"d": 1}}}}
ORDERS = {
    "missing fields": case("POST orders/", {}, "product_id", "quantity"),
    "no quantity": case("POST orders/", {"product_id": 1}, "quantity"),
    "no product": case("POST orders/", {"quantity": 1}, "product_id"),
    "both forms": case("POST orders/", {"product_id": 1, "lines": [MUG_LINE]}, "product_id"),
    "both forms, wholly": case(
        "POST orders/",
        {"product_id": 1, "quantity": 1, "lines": [MUG_LINE]},
        *("product_id", "quantity"),
    ),
    "both forms in a change": case(
        "PATCH orders/<order>/", {"quantity": 1, "lines": [MUG_LINE]}, "quantity"
    ),
    "unknown fields": case(
        "POST orders/",
        {"lines": [MUG_LINE | {"price": "1"}], "status": "shipped", "": 1},
        *("lines.0.price", "status"),
    ),
    "all at once": case(
        "POST orders/",
        {"lines": [{"sku": 1}, MUG_LINE, {"quantity": 0, "sku": ""}], "reference": 1},
        *("lines.0.quantity", "lines.0.sku", "lines.2.quantity", "lines.2.sku", "reference"),
    ),
    "line of nothing": case("POST orders/", {"lines": [{"quantity": 1}]}, "lines.0.product_id"),
    "line of id and SKU": case(
        "POST orders/", {"lines": [MUG_LINE | {"product_id": 1}]}, "lines.0.product_id"
    ),
    "too many lines": case("POST orders/", {"lines": TOO_MANY_LINES}, "lines"),
    "9,000 lines": case("POST orders/", {"lines": [{"quantity": 1}] * 9_000}, "lines"),
    "2,000 bad lines": case(
        "POST orders/",
        {"lines": [{"quantity": 1}] * 2_000},
        *sorted(f"lines.{index}.product_id" for index in range(100)),
    ),
    "unknown product": case(
        "POST orders/",
        {"product_id": 999_999, "quantity": 1},
        "product_id",
        code="unknown_product",
    ),
    "unknown SKU and largest id": case(
        "POST orders/",
        {
            "lines": [
                {"sku": "mug", "quantity": 1},
                MUG_LINE,
                {"product_id": BEYOND_BIGINT - 1, "quantity": 1},
            ]
        },
        *("lines.0.sku", "lines.2.product_id"),
        code="unknown_product",
    ),
    "unknown product in a change": case(
        "PATCH orders/<order>/", {"product_id": 999_999}, "product_id", code="unknown_product"
    ),
    "archived product": case(
        "POST orders/",
        {"lines": [{"sku": "OLD", "quantity": 1}]},
        "lines.0.sku",
        status=409,
        code="product_unavailable",
    ),
    "out of stock": case(
        "POST orders/",
        {"product_id": "<mug>", "quantity": 6},
        "quantity",
        status=409,
        code="out_of_stock",
    ),
    "quantities together beyond the column": case(
        "POST orders/",
        {"lines": [{"sku": "GOLD", "quantity": 1_000_000}] * 2},
        "lines.0.quantity",
    ),
    "total beyond the column": case(
        "POST orders/", {"lines": [{"sku": "GOLD", "quantity": 10_001}]}, "lines"
    ),
    "total beyond the column, short": case(
        "POST orders/", {"product_id": "<gold>", "quantity": 10_001}, "lines"
    ),
    "total beyond the column in a change": case(
        "PATCH orders/<order>/", {"lines": [{"sku": "GOLD", "quantity": 10_001}]}, "lines"
    ),
    "costs something else": case(
        "POST orders/",
        {"lines": [MUG_LINE], "expected_total": "9.98"},
        "expected_total",
        status=409,
        code="price_changed",
    ),
    "a discount beyond the total": case(
        "POST orders/", {"lines": [MUG_LINE], "charges": [FEE | {"amount": "-10.00"}]}, "charges"
    ),
    "a discount beyond the total in a change": case(
        "PATCH orders/<order>/", {"charges": [FEE, FEE | {"amount": "-20.99"}]}, "charges"
    ),
    "charges beyond the column": case(
        "POST orders/",
        {"lines": [MUG_LINE], "charges": [FEE | {"amount": "999999999999.99"}] * 100},
        "charges",
    ),
    "charges beyond the column in a change": case(
        "PATCH orders/<order>/", {"charges": [FEE | {"amount": "999999999999.99"}]}, "charges"
    ),
    "charges that cost something else": case(
        "POST orders/",
        {"lines": [MUG_LINE], "charges": [FEE], "expected_total": "9.99"},
        "expected_total",
        status=409,
        code="price_changed",
    ),
    "charges that cost something else in a change": case(
        "PATCH orders/<order>/",
        {"charges": [FEE], "expected_total": "19.98"},
        "expected_total",
        status=409,
        code="price_changed",
    ),
    "charges of nothing": case(
        "POST orders/", {"lines": [MUG_LINE], "charges": [{}]}, "charges.0.amount", "charges.0.type"
    ),
    "two tax rates of one line": case(
        "POST orders/",
        {"lines": [MUG_LINE, MUG_LINE | {"tax_rate": "7.00"}]},
        "lines.1.tax_rate",
    ),
    "two tax rates of one line in a change": case(
        "PATCH orders/<order>/",
        {"lines": [MUG_LINE | {"tax_rate": "19"}, MUG_LINE | {"tax_rate": "7"}]},
        "lines.1.tax_rate",
    ),
    "taxes together beyond the column": case(
        "POST orders/",
        {"lines": [MUG_LINE | {"tax_amount": "999999999999.99"}] * 2},
        "lines.1.tax_amount",
    ),
    "4 KB and a byte": case(
        "POST orders/", {"lines": [MUG_LINE], "metadata": {"a": "b" * 4_089}}, "metadata"
    ),
    "both objects too large": case(
        "POST orders/",
        {
            "lines": [MUG_LINE],
            "metadata": {"a": "é" * 3_000},
            "shipping_address": {"a": [1] * 3_000},
        },
        *("metadata", "shipping_address"),
    ),
    "not pending": case(
        "PATCH orders/<shipped>/", {"quantity": 1}, status=409, code="illegal_transition"
    ),
    "cancel what was shipped": case(
        "POST orders/<shipped>/cancel/", status=409, code="illegal_transition"
    ),
    "deliver what was not shipped": case(
        "POST orders/<order>/deliver/", status=409, code="illegal_transition"
    ),
    "hold what is firm": case(
        "PATCH orders/<order>/", {"hold_seconds": 60}, status=409, code="illegal_transition"
    ),
    "replace in a change": case("PATCH orders/<order>/", {"replaces": 1}, "replaces"),
    "replace what is not there": case(
        "POST orders/", {"lines": [MUG_LINE], "replaces": BEYOND_BIGINT - 1}, "replaces"
    ),
    "replace what is firm": case(
        "POST orders/",
        {"lines": [MUG_LINE], "replaces": "<order>"},
        "replaces",
        status=409,
        code="illegal_transition",
    ),
}
for _verb in ("cancel", "confirm", "ship", "deliver"):
    _request = f"POST orders/<order>/{_verb}/"
    ORDERS |= {
        f"{_verb} with fields": case(
            _request, {"carrier": "DHL", "lines": []}, *("carrier", "lines")
        ),
        f"{_verb} with a list": case(_request, b"[]"),
        f"{_verb} with what is not JSON": case(_request, b"carrier=DHL", code="malformed"),
        f"{_verb} with a form": case(
            _request,
            b"carrier=DHL",
            status=415,
            code="unsupported_media_type",
            content_type="application/x-www-form-urlencoded",
        ),
    }
NUMBERS: dict[str, list[Any]] = {
    "product_id": [0, -1, BEYOND_BIGINT, 10**400, "1", 1.0, 1.5, True, None, [], {}],
    "quantity": [0, -1, 1_000_001, BEYOND_BIGINT, 10**400, "1", 1.0, 1.5, True, None, []],
}
for _field, _values in NUMBERS.items():
    for _value in _values:
        ORDERS[f"{_field} {_value!r:.20}"] = case(
            "POST orders/", {"product_id": 1, "quantity": 1} | {_field: _value}, _field
        )
        ORDERS[f"{_field} {_value!r:.20} of a line"] = case(
            "POST orders/", {"lines": [{"quantity": 1} | {_field: _value}]}, f"lines.0.{_field}"
        )
OTHERS: dict[str, list[Any]] = {
    "lines": [[], {}, None, "MUG"],
    "charges": [{}, None, "4.90", [FEE] * 101],
    "reference": [1, None, "a\0", "r" * 101],
    "customer_email": [1, None, "ada", "@", "a@", "a@b@c", "a b@c", "a@b\n", "\0@a", "e" * 255],
    "expected_total": [1, 1.5, None, "", "1_000", "٣", "-1", "1e2", "1.234", "1" + "0" * 12],
    "hold_seconds": [59, 2_592_001, 0, -60, BEYOND_BIGINT, 10**400, "60", 60.0, 60.5, True, None],
    "replaces": [0, -1, BEYOND_BIGINT, 10**400, "1", 1.0, True, None, [], {}],
    "metadata": [[], None, "{}", 1, {"k" * 101: 1}, {"\0": 1}, {"a\0b": 1}],
}
for _field, _values in OTHERS.items():
    for _value in _values:
        ORDERS[f"{_field} {_value!r:.20}"] = case(
            "POST orders/", {"lines": [MUG_LINE]} | {_field: _value}, _field
        )
AMOUNTS: list[Any] = [1, 1.5, "", "+1", "1_000", "٣", "1e2", "1.234", "NaN", "--1", [], {}]
AMOUNTS.append("1" + "0" * 12)
RATES: list[Any] = [19, 19.5, "", "-1", "+1", "100.01", "101", "007", "1_0", "٣", "1e1", "7%", []]
CHARGES: dict[str, list[Any]] = {
    "type": [1, None, "", "gift", "Fee", []],
    "label": [1, None, "a\0", "l" * 201, []],
    "amount": [*AMOUNTS, None],
    "tax_rate": RATES,
    "tax_amount": AMOUNTS,
    "quantity": [1],
}
for _field, _values in CHARGES.items():
    for _value in _values:
        ORDERS[f"{_field} {_value!r:.20} of a charge"] = case(
            "POST orders/",
            {"lines": [MUG_LINE], "charges": [FEE, FEE | {_field: _value}]},
            f"charges.1.{_field}",
        )
TAXES: dict[str, list[Any]] = {"tax_rate": RATES, "tax_amount": [*AMOUNTS, "-1.00"]}
for _field, _values in TAXES.items():
    for _value in _values:
        ORDERS[f"{_field} {_value!r:.20} of a line"] = case(
            "POST orders/", {"lines": [MUG_LINE | {_field: _value}]}, f"lines.0.{_field}"
        )
for _value in ("\0", "t" * 4097, 2**53, -(2**53), 10**400, 1e300, DEEP, [[[[]]]]):
    ORDERS[f"shipping_address.a {_value!r:.20}"] = case(
        "POST orders/",
        {"lines": [MUG_LINE], "shipping_address": {"a": _value, "b": 1}},
        "shipping_address.a",
    )
