"""What the routes of products refuse."""

from typing import Any

from tests.bad_input.cases import BEYOND_BIGINT, BEYOND_INTEGER, case

PRODUCT = {"name": "Cup", "price": "1.00"}

PRODUCTS = {
    "missing fields": case("POST products/", {}, "name", "price"),
    "unknown fields": case("POST products/", PRODUCT | {"id": 1, "colour": ""}, "colour", "id"),
    "all at once": case(
        "POST products/",
        {"name": "", "price": 1, "stock_quantity": -1, "is_active": 1, "x": 1},
        *("is_active", "name", "price", "stock_quantity", "x"),
    ),
    "stock in a change": case("PATCH products/<mug>/", {"stock_quantity": 1}, "stock_quantity"),
    "what is on hand in a change": case(
        "PATCH products/<mug>/",
        {"on_hand": 1, "committed_quantity": 1},
        *("committed_quantity", "on_hand"),
    ),
    "what is on hand of a new product": case(
        "POST products/",
        PRODUCT | {"on_hand": 1, "committed_quantity": 1},
        *("committed_quantity", "on_hand"),
    ),
    "null": case("PATCH products/<mug>/", {"name": None}, "name"),
    "SKU exists": case(
        "POST products/", PRODUCT | {"sku": "MUG"}, "sku", status=409, code="sku_exists"
    ),
    "change to a SKU that exists": case(
        "PATCH products/<mug>/", {"sku": "GOLD"}, "sku", status=409, code="sku_exists"
    ),
}
PRICES: tuple[Any, ...] = (
    *(1, 1.5, True, None, [], {}, "", " 1", "1 ", "1\n", "1_000", "1,5", ".5", "1.", "1.234"),
    *(
        "-1",
        "+1",
        "1e2",
        "NaN",
        "Infinity",
        "٣",
        "\uff11",
        "1\u066b5",
        "0x1",
        "100000000",
        "9" * 5000,
    ),
)
for _price in PRICES:
    PRODUCTS[f"price {_price!r:.20}"] = case("POST products/", PRODUCT | {"price": _price}, "price")
VALUES: dict[str, list[Any]] = {
    "name": [1, "", " ", "\t\n", "\u2003", "a\0", "n" * 256, ["n"]],
    "description": [1, "\0", "d" * 10_001],
    "sku": [1, "", " ", " A", "A ", "A\n", "A\tB", "A\0", "s" * 101, "\x7f"],
    "stock_quantity": [-1, BEYOND_INTEGER, BEYOND_BIGINT, 10**400, "1", 1.0, 1.5, True],
    "is_active": [1, 0, "true", []],
}
for _field, _values in VALUES.items():
    for _value in _values:
        PRODUCTS[f"{_field} {_value!r:.20}"] = case(
            "POST products/", PRODUCT | {_field: _value}, _field
        )

STOCK = {
    "neither": case("POST products/<mug>/stock/", {}, "delta"),
    "both": case(
        "POST products/<mug>/stock/", {"delta": 1, "reason": "received", "counted": 1}, "delta"
    ),
    "without a reason": case("POST products/<mug>/stock/", {"delta": 1}, "reason"),
    "both without a reason": case(
        "POST products/<mug>/stock/", {"delta": 1, "counted": 1}, "delta", "reason"
    ),
    "a count with a reason": case(
        "POST products/<mug>/stock/", {"counted": 1, "reason": "received"}, "reason"
    ),
    "nothing moves": case(
        "POST products/<mug>/stock/", {"delta": 0, "reason": "received"}, "delta"
    ),
    "all at once": case(
        "POST products/<mug>/stock/",
        {"delta": "1", "reason": "sold", "note": [], "x": 1},
        *("delta", "note", "reason", "x"),
    ),
    "more is received than nothing": case(
        "POST products/<mug>/stock/", {"delta": -1, "reason": "received"}, "delta"
    ),
    "more is returned than nothing": case(
        "POST products/<mug>/stock/", {"delta": -1, "reason": "returned"}, "delta"
    ),
    "another quantity is on hand": case(
        "POST products/<mug>/stock/",
        {"counted": 5, "expected": 4},
        "expected",
        status=409,
        code="stock_changed",
    ),
    "another quantity is on hand for a correction": case(
        "POST products/<mug>/stock/",
        {"delta": -1, "reason": "corrected", "expected": 6},
        "expected",
        status=409,
        code="stock_changed",
    ),
    "nothing but what is expected": case("POST products/<mug>/stock/", {"expected": 5}, "delta"),
    "below zero": case(
        "POST products/<mug>/stock/",
        {"delta": -8, "reason": "corrected"},
        "delta",
        status=409,
        code="out_of_stock",
    ),
    "beyond the column": case(
        "POST products/<gold>/stock/", {"delta": 1, "reason": "received"}, "delta"
    ),
    "no such product": case(
        "POST products/999999/stock/", {"counted": 1}, status=404, code="not_found"
    ),
}
STOCKS = {
    "nothing": case("POST stock/", {}, "movements"),
    "no movement": case("POST stock/", {"movements": []}, "movements"),
    "1,001 movements": case(
        "POST stock/", {"movements": [{"sku": "MUG", "counted": 1}] * 1_001}, "movements"
    ),
    "empty movement": case(
        "POST stock/", {"movements": [{}]}, "movements.0.delta", "movements.0.sku"
    ),
    "more is received than nothing": case(
        "POST stock/",
        {"movements": [{"sku": "MUG", "delta": -1, "reason": "received"}]},
        "movements.0.delta",
    ),
    "one of two": case(
        "POST stock/",
        {"movements": [{"sku": "MUG", "counted": 1}, {"sku": "MUG", "counted": -1, "x": 1}]},
        *("movements.1.counted", "movements.1.x"),
    ),
    "both": case(
        "POST stock/",
        {"movements": [{"sku": "MUG", "product_id": 1, "delta": 1, "counted": 1}]},
        *("movements.0.delta", "movements.0.reason", "movements.0.sku"),
    ),
    "nothing moves": case(
        "POST stock/",
        {"movements": [{"sku": "MUG", "delta": 0, "reason": "received"}]},
        "movements.0.delta",
    ),
}
MOVEMENT: dict[str, list[Any]] = {
    "delta": ["1", 1.5, True, None, [], BEYOND_INTEGER, -BEYOND_INTEGER, 10**400],
    "reason": ["", "sold", 1, None, []],
    "note": ["\0", "n" * 501, None, []],
    "expected": ["1", 1.5, True, None, [], -1, BEYOND_INTEGER, 10**400],
    "sku": ["", " A", 1, None, "\0"],
}
for _field, _values in MOVEMENT.items():
    for _value in _values:
        STOCKS[f"{_field} {_value!r:.20}"] = case(
            "POST stock/",
            {"movements": [{"sku": "MUG", "delta": 1, "reason": "received"} | {_field: _value}]},
            f"movements.0.{_field}",
        )

FILES = {
    f"{name}: import": case("POST products/import/", content, content_type="text/csv")
    for name, content in {
        "no header": b"\n",
        "other columns": b"a,b\n1,2\n",
        "UTF-16": "sku,name,price\n".encode("utf-16"),
        "binary": bytes(range(256)),
        "a million columns": b"a," * 1_000_000,
        "a column twice": b"sku,name,price,sku\n",
    }.items()
}

for _value in (
    *("1", "1_000", "٣", " 1", 1.0, 1.5, True, None, [], {}, 10**400, BEYOND_BIGINT),
    *(BEYOND_INTEGER, -BEYOND_INTEGER),
):
    STOCK[f"delta {_value!r:.20}"] = case(
        "POST products/<mug>/stock/", {"delta": _value, "reason": "received"}, "delta"
    )
    STOCK[f"counted {_value!r:.20}"] = case(
        "POST products/<mug>/stock/", {"counted": _value}, "counted"
    )
    STOCK[f"expected {_value!r:.20}"] = case(
        "POST products/<mug>/stock/", {"counted": 5, "expected": _value}, "expected"
    )
for _value in ("", "sold", "Received", 1, None, [], {}, ["received"]):
    STOCK[f"reason {_value!r}"] = case(
        "POST products/<mug>/stock/", {"delta": 1, "reason": _value}, "reason"
    )
for _value in ("\0", "n" * 501, None, [], {}, True):
    STOCK[f"note {_value!r:.20}"] = case(
        "POST products/<mug>/stock/", {"counted": 1, "note": _value}, "note"
    )
