"""Bodies that no route takes."""

from typing import Any

from tests.bad_input.cases import Case, case


def on_every_body(name: str, body: bytes, *fields: str, **outcome: Any) -> dict[str, Case]:
    """The same body to every route that takes one: structs and the plain serializer alike."""
    routes = {
        "product": "POST products/",
        "product change": "PATCH products/<mug>/",
        "stock": "POST products/<mug>/stock/",
        "stocks": "POST stock/",
        "order": "POST orders/",
        "order change": "PATCH orders/<order>/",
        "payment": "POST orders/<paid>/payments/",
        "refund": "POST orders/<paid>/refunds/",
    }
    return {
        f"{name}: {route}": case(request, body, *fields, **outcome)
        for route, request in routes.items()
    }


NOT_JSON = {
    "empty body": b"",
    "white space": b" \n",
    "broken off": b'{"quantity": 1',
    "two texts": b"{}{}",
    "comment": b"{} // quantity",
    "single quotes": b"{'quantity': 1}",
    "form": b"quantity=1&product_id=1",
    "NaN": b'{"quantity": NaN}',
    "Infinity": b'{"quantity": -Infinity}',
    "hexadecimal": b'{"quantity": 0x1}',
    "1 MiB of objects": b'{"metadata": {"a": [' + b"{}," * 349_000 + b"{}]}}",
    "1 MiB of lists": b'{"metadata": {"a": [' + b"[]," * 349_000 + b"[]]}}",
    "1 MiB of levels": b'{"lines": [' + (b"[" * 90 + b"]" * 90 + b",") * 5_700 + b"1]}",
    "50,000 fields": b"{" + b",".join(b'"f%d":1' % each for each in range(50_000)) + b"}",
    "2,000 large exponents": b'{"metadata": {"a": [' + b"1e300," * 2_000 + b"1]}}",
    "leading zero": b'{"quantity": 01}',
    "invalid UTF-8": b'{"note": "\xff\xfe"}',
    "encoded surrogate": b'{"note": "\xed\xa0\x80"}',
    "lone surrogate": rb'{"note": "\ud800"}',
    "lone low surrogate": rb'{"note": "\udc00x"}',
    "surrogate in a key": rb'{"\ud800": 1}',
    "raw control character": b'{"note": "\x00"}',
    "long number": b'{"quantity": ' + b"1" * 100_000 + b"}",
    "BOM": b"\xef\xbb\xbf{}",
    "UTF-16": '{"quantity": 1}'.encode("utf-16"),
    "UTF-32": '{"quantity": 1}'.encode("utf-32-le"),
    "100,000 brackets": b"[" * 100_000,
    "100,000 braces": b'{"a":' * 100_000,
    "5,000 levels": b"[" * 5_000 + b"]" * 5_000,
    "5,000 levels in a field": b'{"metadata": ' + b'{"a":' * 5_000 + b"1" + b"}" * 5_001,
}
NOT_AN_OBJECT = {
    "null": b"null",
    "list": b"[]",
    "text": b'"quantity"',
    "number": b"1",
    "true": b"true",
}

BODIES: dict[str, Case] = {
    "over the limit": case("POST orders/", b" " * 1_048_577, status=413, code="too_large"),
    "over the limit: stock": case(
        "POST products/<mug>/stock/", b" " * 1_048_577, status=413, code="too_large"
    ),
    "over the limit: stocks": case("POST stock/", b" " * 1_048_577, status=413, code="too_large"),
    "over the limit: import": case(
        "POST products/import/",
        b" " * (64 * 1024 * 1024 + 1),
        status=413,
        code="too_large",
        content_type="text/csv",
    ),
    "import without a body": case(
        "POST products/import/", b"", code="malformed", content_type="text/csv"
    ),
    "many duplicate keys": case("POST orders/", b"{" + b'"a":1,' * 15_000 + b'"a":1}', "a"),
    "duplicate key": case("POST orders/", b'{"quantity": 1, "quantity": 1}', "quantity"),
    "duplicate key, escaped": case(
        "POST orders/", rb'{"product_id": <mug>, "quantity": 1, "\u0071uantity": 2}', "quantity"
    ),
    "duplicate key in a line": case(
        "POST orders/", b'{"lines": [{"sku": "MUG", "quantity": 1, "sku": "MUG"}]}', "sku"
    ),
    "duplicate key in metadata": case(
        "POST orders/", b'{"product_id": <mug>, "quantity": 1, "metadata": {"a": 1, "a": 2}}', "a"
    ),
    "duplicate key: stock": case(
        "POST products/<mug>/stock/", b'{"counted": 1, "counted": 2}', "counted"
    ),
    "15,000 unknown fields": case(
        "POST orders/",
        {f"f{index:06}": 1 for index in range(15_000)},
        *(f"f{index:06}" for index in range(100)),
    ),
    "15,000 unknown fields: stock": case(
        "POST products/<mug>/stock/",
        {f"f{index:06}": 1 for index in range(15_000)},
        *(f"f{index:06}" for index in range(100)),
    ),
}
for _name, _body in NOT_JSON.items():
    BODIES |= on_every_body(_name, _body, code="malformed")
for _name, _body in NOT_AN_OBJECT.items():
    BODIES |= on_every_body(_name, _body)
for _coding in ("gzip", "GZip", "deflate", "br", "gzip, identity", ""):
    BODIES |= on_every_body(
        f"content coding {_coding!r}",
        b'{"counted": 1}',
        "Content-Encoding",
        status=415,
        code="unsupported_media_type",
        content_encoding=_coding,
    )
    BODIES[f"content coding {_coding!r}: import"] = case(
        "POST products/import/",
        b"sku,name,price\nA-1,Cup,1\n",
        "Content-Encoding",
        status=415,
        code="unsupported_media_type",
        content_type="text/csv",
        content_encoding=_coding,
    )
for _type in ("application/json", "text/plain", "multipart/form-data", "", "é"):
    BODIES[f"content type {_type!r}: import"] = case(
        "POST products/import/",
        b"sku,name,price\nA-1,Cup,1\n",
        status=415,
        code="unsupported_media_type",
        content_type=_type,
    )
for _type in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "", "é"):
    BODIES |= on_every_body(
        f"content type {_type!r}",
        b'{"counted": 1}',
        status=415,
        code="unsupported_media_type",
        content_type=_type,
    )
