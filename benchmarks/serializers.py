"""Compare three serializers for products: `python -m benchmarks.serializers`.

It measures DRF's `ModelSerializer`, DRF's plain `Serializer` and Tradepost's `ProductSerializer`,
from bytes to validated data and from model instances to bytes. No statement may run: one would end
the measurement. It prints a table, and writes it to docs/ and the figures to
`benchmarks/results/serializers.json`.
"""

import argparse
import io
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from typing import Any

import django

from benchmarks.report import environment
from benchmarks.rounds import Call, medians, publish, time_in_turn, time_table
from benchmarks.servers import BenchmarkError
from tests.__main__ import SETTINGS

MODEL, PLAIN, STRUCT = "`ModelSerializer`", "plain `Serializer`", "`StructSerializer`"
DECODE, ENCODE, ENCODE_MANY = "decode and validate one", "encode one", "encode 100"
MANY = 100
CALLS = {DECODE: 1_000, ENCODE: 1_000, ENCODE_MANY: 30}
NOTEWORTHY = 1.1
"""The smallest ratio that counts as faster."""

BODY = (
    b'{"name": "Oak table", "price": "249.90", "description": "Solid, oiled, seats six.", '
    b'"stock_quantity": 12, "sku": "OAK-TABLE-6", "is_active": true}'
)


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.serializers", description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args(arguments)
    os.environ.update(SETTINGS | {"DATABASE_URL": "sqlite://:memory:"})
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    django.setup()
    times = measure(rounds=options.rounds, calls=CALLS)
    figures = medians(times)
    publish(
        "serializers",
        environment(postgresql=""),
        f"Medians of {options.rounds} rounds.",
        f"{time_table(figures, base=MODEL)}\n{verdict(figures)}",
        medians=figures,
        rounds=times,
    )


def measure(*, rounds: int, calls: Mapping[str, int]) -> dict[str, dict[str, list[float]]]:
    """Microseconds per call by task and serializer. Raises BenchmarkError if a statement runs."""
    from django.db import connection

    with connection.execute_wrapper(_refuse):
        return time_in_turn(work(), rounds=rounds, calls=calls)


def work() -> dict[str, dict[str, Call]]:
    """The calls to time, by task and serializer."""
    products = _products()
    decode, encode = decoders(), encoders()
    one, many = products[:1], products
    return {
        DECODE: {name: partial(each, BODY) for name, each in decode.items()},
        ENCODE: {name: partial(each, one) for name, each in encode.items()},
        ENCODE_MANY: {name: partial(each, many) for name, each in encode.items()},
    }


def decoders() -> dict[str, Callable[[bytes], dict[str, Any]]]:
    """Functions from the bytes of a body to validated data, by serializer."""
    from rest_framework.parsers import JSONParser

    from apps.products.serializers import ProductSerializer
    from benchmarks.rivals.product_serializers import ModelProductSerializer, PlainProductSerializer

    def by_fields(serializer_class: Any) -> Callable[[bytes], dict[str, Any]]:
        def decode(body: bytes) -> dict[str, Any]:
            serializer = serializer_class(data=JSONParser().parse(io.BytesIO(body)))
            serializer.is_valid(raise_exception=True)
            return dict(serializer.validated_data)

        return decode

    def by_struct(body: bytes) -> dict[str, Any]:
        serializer = ProductSerializer(data=body)
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)

    return {
        MODEL: by_fields(ModelProductSerializer),
        PLAIN: by_fields(PlainProductSerializer),
        STRUCT: by_struct,
    }


def encoders() -> dict[str, Callable[[Sequence[Any]], bytes]]:
    """Functions from one or several products to the bytes of a response, by serializer."""
    from rest_framework.renderers import JSONRenderer

    from apps.products.serializers import ProductSerializer
    from benchmarks.rivals.product_serializers import ModelProductSerializer, PlainProductSerializer
    from monoservices.api.http import StructRenderer

    def by_fields(serializer_class: Any) -> Callable[[Sequence[Any]], bytes]:
        def encode(products: Sequence[Any]) -> bytes:
            if len(products) == 1:
                return JSONRenderer().render(serializer_class(products[0]).data)
            return JSONRenderer().render(serializer_class(products, many=True).data)

        return encode

    def by_struct(products: Sequence[Any]) -> bytes:
        structs = [ProductSerializer.represent(product) for product in products]
        return StructRenderer().render(structs[0] if len(structs) == 1 else structs)

    return {
        MODEL: by_fields(ModelProductSerializer),
        PLAIN: by_fields(PlainProductSerializer),
        STRUCT: by_struct,
    }


def verdict(figures: Mapping[str, Mapping[str, float]]) -> str:
    """Say whether a plain `Serializer` is faster than a `ModelSerializer`, as many people think."""
    ratios = {what: times[MODEL] / times[PLAIN] for what, times in figures.items()}
    gains = [f"to {what} ({ratio:.2f})" for what, ratio in ratios.items() if ratio >= NOTEWORTHY]
    rest = [f"to {what} ({ratio:.2f})" for what, ratio in ratios.items() if ratio < NOTEWORTHY]
    if not gains:
        shown = ", ".join(rest)
        return f"A {PLAIN} is no faster than a {MODEL}, although many people think so: {shown}.\n"
    but = f", but not {' and '.join(rest)}" if rest else ""
    why = f"a {MODEL} builds its fields from the model for each new serializer"
    if rest:
        why += ", but only once for a list"
    return f"A {PLAIN} is faster than a {MODEL} {' and '.join(gains)}{but}: {why}.\n"


def _products() -> list[Any]:
    from apps.products.models import Product

    moment = datetime(2025, 1, 31, 12, 30, 15, 123456, tzinfo=UTC)
    return [
        Product(
            id=number,
            sku=f"OAK-TABLE-{number}",
            name=f"Oak table {number}",
            description="Solid, oiled, seats six.",
            price=Decimal("249.90"),
            stock_quantity=number,
            created_at=moment,
            updated_at=moment,
        )
        for number in range(1, MANY + 1)
    ]


def _refuse(execute: Any, sql: str, *_: Any) -> Any:
    raise BenchmarkError(f"A timed call ran a statement: {sql}")


if __name__ == "__main__":
    main(sys.argv[1:])
