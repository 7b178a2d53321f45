"""Addresses, query strings and headers that no route takes."""

from urllib.parse import quote

from django.core.signing import dumps

from tests.bad_input.cases import BEYOND_BIGINT, Case, case

ORDER = {"product_id": "<mug>", "quantity": 1}


def query(path: str, parameter: str, value: str) -> Case:
    return case(f"GET {path}?{parameter}={quote(value)}", b"", parameter)


def not_found(request: str) -> Case:
    return case(request, b"{}", status=404, code="not_found")


ADDRESSES = {
    request: not_found(request)
    for product_id in ("0", str(BEYOND_BIGINT), "9" * 30, "9" * 5_000, "-1", "1.0", "x", "%D9%A1")
    for request in (
        f"GET products/{product_id}/",
        f"PATCH products/{product_id}/",
        f"DELETE products/{product_id}/",
        f"GET products/{product_id}/movements/",
        f"GET orders/{product_id}/",
        f"PATCH orders/{product_id}/",
        f"GET orders/{product_id}/events/",
        f"POST orders/{product_id}/cancel/",
        f"POST orders/{product_id}/ship/",
        f"POST orders/{product_id}/deliver/",
        f"GET orders/{product_id}/payments/",
        f"POST orders/{product_id}/payments/",
        f"GET orders/{product_id}/refunds/",
        f"POST orders/{product_id}/refunds/",
        f"GET orders/{product_id}/shipments/",
        f"GET orders/{product_id}/returns/",
        f"GET shipments/{product_id}/",
        f"POST shipments/{product_id}/deliver/",
        f"GET returns/{product_id}/",
    )
} | {
    request: not_found(request)
    for request in ("GET products", "POST orders", "GET orders/%00/", "GET %FF/", "GET /api/v2/")
}

QUERIES = {
    "unknown parameters": case("GET products/?page=1&offset=2", b"", "offset", "page"),
    "parameters of another list": case("GET orders/?price_min=1", b"", "price_min"),
    "a parameter that comes twice": case("GET products/?limit=1&limit=2", b"", "limit"),
    "1,001 parameters": case("GET products/?" + "&".join(f"a{i}=1" for i in range(1_001))),
    "a name that is not UTF-8": case("GET products/?%FF=1", b"", "\ufffd"),
    "all at once": case(
        "GET orders/?status=lost&limit=0&cursor=x&created_after=now",
        b"",
        *("created_after", "limit", "status"),
    ),
    "a huge look-up": query("orders/", "product_id", str(BEYOND_BIGINT)),
    "a look-up of zero": query("orders/", "product_id", "0"),
    "a status": query("orders/", "status", "Pending"),
    "an ordering": query("products/", "ordering", "stock_quantity"),
    "two orderings": query("products/", "ordering", "name,price"),
    "10,000 words": query("products/", "search", "word " * 10_000),
    "NUL": query("products/", "search", "abc\0"),
    "a short search": query("products/", "search", "ab"),
    "a SKU with a space": case("GET products/?sku=%20A", b"", "sku.0"),
    "the second SKU": case("GET products/?sku=A&sku=", b"", "sku.1"),
    "101 SKUs": case(f"GET products/?{'&'.join(['sku=A'] * 101)}", b"", "sku"),
    "no ids": query("products/", "ids", ""),
    "ids with a space": query("products/", "ids", "1, 2"),
    "101 ids": query("products/availability/", "ids", ",".join(["1"] * 101)),
    "availability of nothing": case("GET products/availability/", b"", "ids"),
    "a reference with NUL": query("orders/", "reference", "\0"),
    "an address": query("orders/", "customer_email", "ada"),
    "a payment status": query("orders/", "payment_status", "Paid"),
    "whether it needs a refund": query("orders/", "needs_refund", "maybe"),
    "an order's payments": query("payments/", "order_id", "0"),
    "a kind of payment": query("payments/", "kind", "gift"),
    "a method with NUL": query("payments/", "method", "\0"),
    "an empty reference of a provider": query("payments/", "provider_reference", ""),
    "a time of payments": query("payments/", "created_after", "now"),
    "a limit of an export of payments": query("payments/export/", "limit", "1"),
    "another parameter of an order's payments": case(
        "GET orders/<order>/payments/?kind=refund", b"", "kind"
    ),
}
QUERIES |= {
    "a limit of an export": case("GET products/export/?limit=1", b"", "limit"),
    "an ordering of an export": case("GET orders/export/?ordering=id", b"", "ordering"),
    "a price of an export": query("products/export/", "price_min", "x"),
    "a status of an export": query("orders/export/", "status", "lost"),
    "a dry run": case(
        "POST products/import/?dry_run=maybe",
        b"sku,name,price\nA-1,Cup,1\n",
        "dry_run",
        content_type="text/csv",
    ),
}
for _path in ("products/", "products/<mug>/movements/", "orders/", "orders/<order>/events/"):
    for _limit in ("", "0", "-1", "101", "9" * 400, "1_0", " 1", "٣", "1.5", "x", "null"):
        QUERIES[f"{_path} limit {_limit!r:.20}"] = query(_path, "limit", _limit)
    for _cursor in (
        *("", "x", "a:b:c", "é", "\0", "\ufffd", "x" * 5_000, "bnVsbA:1vN:x"),
        dumps({"after": [1, 1], "backwards": False}),
        dumps({"after": [1, 1], "backwards": False}, key="another", salt="products.Product:id"),
    ):
        QUERIES[f"{_path} cursor {_cursor!r:.30}"] = query(_path, "cursor", _cursor)
for _price in ("", "-1", "1_000", "٣", "1e2", "NaN", "100000000", "1.234"):
    QUERIES[f"price {_price}"] = query("products/", "price_min", _price)
for _flag in ("", "yes", "2", "null"):
    QUERIES[f"flag {_flag!r}"] = query("products/", "in_stock", _flag)
    QUERIES[f"held {_flag!r}"] = query("orders/", "held", _flag)
for _moment in (
    *("", "now", "2026-02-30T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T00:00:60Z"),
    *("2026-01-01", "2026-01-01T00:00:00", "2026-01-01T00:00:00+24:00", "٢٠٢٦-01-01T00:00:00Z"),
    *("0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "1899-12-31T23:59:59Z"),
    *("9" * 400, "1e300", "nan", "-1e300", "0000-01-01T00:00:00Z"),
):
    QUERIES[f"created_after {_moment!r:.30}"] = query("orders/", "created_after", _moment)
    QUERIES[f"updated_after {_moment!r:.30}"] = query("products/", "updated_after", _moment)

HEADERS = {
    "Accept": case("GET orders/", status=406, code="not_acceptable", accept="text/html"),
    "Accept of an export": case(
        "GET orders/export/", status=406, code="not_acceptable", accept="application/json"
    ),
    "Accept that is none": case("GET orders/", status=406, code="not_acceptable", accept=";;;"),
    "Host": case("GET orders/", host="evil example"),
    "Host of another": case("GET orders/", host="evil.example"),
}
for _key in ("", "k" * 256, "é", "a\tb", "a\x7f", "\x00"):
    HEADERS[f"Idempotency-Key {_key!r:.20}"] = case(
        "POST orders/", ORDER, "Idempotency-Key", idempotency_key=_key
    )
    HEADERS[f"Idempotency-Key {_key!r:.20}: stock"] = case(
        "POST products/<mug>/stock/", {"counted": 1}, "Idempotency-Key", idempotency_key=_key
    )
    HEADERS[f"Idempotency-Key {_key!r:.20}: stocks"] = case(
        "POST stock/",
        {"movements": [{"sku": "MUG", "counted": 1}]},
        "Idempotency-Key",
        idempotency_key=_key,
    )
for _etag in ("", "1", '"x"', '"-1"', '"1', 'W/"1"', '"1", "2"', "*", '"\u0661"', f'"{10**9}"'):
    for _route in ("PATCH orders/<order>/", "POST orders/<order>/cancel/"):
        HEADERS[f"If-Match {_etag}: {_route}"] = case(
            _route, {"quantity": 2}, "If-Match", if_match=_etag
        )
HEADERS["If-Match of another version"] = case(
    "PATCH orders/<order>/", {"quantity": 2}, status=409, code="version_conflict", if_match='"2"'
)
