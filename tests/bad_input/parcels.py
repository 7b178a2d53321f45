"""What the routes of shipments, returns and canceled units refuse."""

from typing import Any

from tests.bad_input.cases import BEYOND_BIGINT, Case, case

UNIT = {"sku": "MUG", "quantity": 1}
SHIP, CANCEL = "POST orders/<order>/shipments/", "POST orders/<order>/cancel/"
RETURN = "POST orders/<shipped>/returns/"
TRACK = "PATCH shipments/<shipment>/"


def keyed(request: str, body: Any, *fields: str, **outcome: Any) -> Case:
    return case(request, body, *fields, idempotency_key="a", **outcome)


def with_units(request: str, *units: Any) -> dict[str, Any]:
    """A body for a route with these units; returned ones are on sale again."""
    more = {"restock": True} if "returns" in request else {}
    return {"lines": [unit | more for unit in units]}


PARCELS = {
    "a shipment without a key": case(SHIP, {}, code="idempotency_key_required"),
    "a return without a key": case(
        RETURN, with_units(RETURN, UNIT), code="idempotency_key_required"
    ),
    "a shipment of a shipped order": keyed(
        "POST orders/<shipped>/shipments/", {}, status=409, code="illegal_transition"
    ),
    "canceling units of a shipped order": keyed(
        "POST orders/<shipped>/cancel/", {"lines": [UNIT]}, status=409, code="illegal_transition"
    ),
    "units that were not shipped": keyed(
        "POST orders/<order>/returns/",
        with_units(RETURN, UNIT),
        "lines.0.quantity",
        status=409,
        code="quantity_exceeded",
    ),
    "a credit beyond what is due": keyed(
        RETURN,
        {"lines": [UNIT | {"restock": True, "credit": "10.00"}], "charges_credit": "0.01"},
        *("charges_credit", "lines.0.credit"),
        status=409,
        code="credit_exceeds_due",
    ),
    "no restock": keyed(RETURN, {"lines": [UNIT]}, "lines.0.restock"),
    "no lines of a return": keyed(RETURN, {}, "lines"),
    "lines that are null": keyed(SHIP, {"lines": None}, "lines"),
    "another version": keyed(SHIP, {}, status=409, code="version_conflict", if_match='"7"'),
    "no version": keyed(SHIP, {}, "If-Match", if_match="x"),
    "no version of a return": keyed(RETURN, with_units(RETURN, UNIT), "If-Match", if_match='"x"'),
    "a shipment that does not exist": case(
        f"PATCH shipments/{BEYOND_BIGINT - 1}/", {}, status=404, code="not_found"
    ),
    "a field of a delivery": case("POST shipments/<shipment>/deliver/", {"at": 1}, "at"),
}
for _name, _request in {"shipment": SHIP, "cancel": CANCEL, "return": RETURN}.items():
    PARCELS |= {
        f"{_name}: {what}": keyed(_request, with_units(_request, unit), *fields, **outcome)
        for what, unit, fields, outcome in (
            ("no quantity", {"sku": "MUG"}, ["lines.0.quantity"], {}),
            ("a quantity of 0", UNIT | {"quantity": 0}, ["lines.0.quantity"], {}),
            ("a quantity of -1", UNIT | {"quantity": -1}, ["lines.0.quantity"], {}),
            ("a quantity of 1.0", UNIT | {"quantity": 1.0}, ["lines.0.quantity"], {}),
            ("a quantity of true", UNIT | {"quantity": True}, ["lines.0.quantity"], {}),
            ("a text", UNIT | {"quantity": "1"}, ["lines.0.quantity"], {}),
            ("a million and one", UNIT | {"quantity": 1_000_001}, ["lines.0.quantity"], {}),
            ("unnamed", {"quantity": 1}, ["lines.0.line_id"], {}),
            ("named twice", UNIT | {"line_id": 1}, ["lines.0.line_id"], {}),
            ("line 0", {"quantity": 1, "line_id": 0}, ["lines.0.line_id"], {}),
            ("a huge line", {"quantity": 1, "line_id": BEYOND_BIGINT}, ["lines.0.line_id"], {}),
            ("NUL", UNIT | {"sku": "M\0G"}, ["lines.0.sku"], {}),
            ("a field", UNIT | {"note": "x"}, ["lines.0.note"], {}),
            (
                *("a line of nobody", {"quantity": 1, "line_id": BEYOND_BIGINT - 1}),
                *(["lines.0.line_id"], {"code": "unknown_line"}),
            ),
            (
                *("another SKU", UNIT | {"sku": "GOLD"}),
                *(["lines.0.sku"], {"code": "unknown_line"}),
            ),
            (
                *("too many", UNIT | {"quantity": 3}, ["lines.0.quantity"]),
                {"status": 409, "code": "quantity_exceeded"},
            ),
        )
    }
    PARCELS[f"{_name}: no lines"] = keyed(_request, {"lines": []}, "lines")
    PARCELS[f"{_name}: 2,001 lines"] = keyed(
        _request, with_units(_request, *[UNIT] * 2_001), "lines"
    )
    PARCELS[f"{_name}: a list"] = keyed(_request, b"[]")
    PARCELS[f"{_name}: broken off"] = keyed(_request, b'{"lines"', code="malformed")
    PARCELS[f"{_name}: a line that is null"] = keyed(_request, {"lines": [None]}, "lines.0")
for _credit in (1, "-1", "1.001", "NaN", "1e2", "", None, "1000000000000.00"):
    PARCELS[f"credit {_credit!r}"] = keyed(
        RETURN, {"lines": [UNIT | {"restock": True, "credit": _credit}]}, "lines.0.credit"
    )
    PARCELS[f"credit of charges {_credit!r}"] = keyed(
        RETURN, with_units(RETURN, UNIT) | {"charges_credit": _credit}, "charges_credit"
    )
for _restock in (1, "true", None):
    PARCELS[f"restock {_restock!r}"] = keyed(
        RETURN, {"lines": [UNIT | {"restock": _restock}]}, "lines.0.restock"
    )
for _reason in ("x" * 501, "a\0", 1, None):
    PARCELS[f"reason {_reason!r:.10}"] = keyed(
        RETURN, {"lines": [UNIT | {"restock": True, "reason": _reason}]}, "lines.0.reason"
    )
for _field, _values in {
    "carrier": ("x" * 101, "a\0", 1, None),
    "tracking_number": ("x" * 101, "a\0", 1, None),
    "tracking_url": (
        *("javascript:alert(1)", "example.org", "ftp://a", "https://", "https://a b", 'https://"'),
        *("https://a\n", "https://é", "https://" + "x" * 493, 1, None),
    ),
}.items():
    for _value in _values:
        PARCELS[f"{_field} {_value!r:.20}"] = case(TRACK, {_field: _value}, _field)
        PARCELS[f"shipment with {_field} {_value!r:.20}"] = keyed(SHIP, {_field: _value}, _field)
for _query, _parameter in {
    "shipments/?status=Shipped": "status",
    "shipments/?order_id=0": "order_id",
    "shipments/?created_after=now": "created_after",
    "shipments/?tracking_number=%00": "tracking_number",
    "shipments/?limit=0": "limit",
    "shipments/export/?limit=1": "limit",
    "returns/?created_before=now": "created_before",
    "returns/?cursor=x": "cursor",
    "returns/?status=shipped": "status",
    "orders/<order>/shipments/?order_id=1": "order_id",
    "orders/<order>/returns/?limit=101": "limit",
    "orders/?partly_shipped=maybe": "partly_shipped",
    "orders/?shipped_after=now": "shipped_after",
}.items():
    PARCELS[f"GET {_query}"] = case(f"GET {_query}", b"", _parameter)
