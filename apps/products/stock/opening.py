"""Commits the units of orders from before products had two quantities."""

from collections.abc import Sequence

from django.db import transaction
from msgspec import Struct, structs

from monoservices.database.engines import engine
from monoservices.database.rows import ColumnTypes, row_parameters, rows_from
from monoservices.database.statements import Parameters, enqueue
from monoservices.services.scopes import COMMAND_LINE

NOTE = "committed when stock got its second quantity"


class OpenCommitment(Struct, frozen=True, kw_only=True):
    """Units of a product that the document `reference` is promised. revision: its version."""

    product_id: int
    units: int
    reference: str
    revision: int


_COLUMNS: ColumnTypes = {
    "position": "integer",
    "product_id": "bigint",
    "units": "integer",
    "reference": "text",
    "revision": "integer",
    "now": "timestamp",
}
_SHARED = ("now",)


@transaction.atomic
def open_commitments(*, commitments: Sequence[OpenCommitment]) -> None:
    """Write a movement `opened` for each of them, and commit their units, in a few statements.

    A document that has committed units of the product already is left alone. A migration calls it,
    while nobody else moves stock. So the statements name only columns of products.0008_committed,
    and stay as they are.
    """
    rows, parameters = _rows(commitments)
    committed = f"""
        SELECT r.reference, r.product_id FROM {rows}
        WHERE EXISTS (
            SELECT 1 FROM products_stockmovement AS m
            WHERE m.reference = r.reference AND m.reference <> '' AND m.product_id = r.product_id
                AND m.committed_delta IS NOT NULL
        )
    """  # noqa: S608 - made of constants
    known = set(enqueue(committed, parameters).fetch())
    new = [each for each in commitments if (each.reference, each.product_id) not in known]
    rows, parameters = _rows(new)
    opened = f"""
        INSERT INTO products_stockmovement (
            product_id, delta, quantity_after, committed_delta, committed_after,
            reason, reference, revision, actor, note, created_at
        )
        SELECT p.id, 0, p.stock_quantity, r.units,
            p.committed_quantity + sum(r.units) OVER (
                PARTITION BY p.id ORDER BY r.position
            ),
            'opened', r.reference, r.revision, '{COMMAND_LINE}', '{NOTE}', r.now
        FROM {rows} JOIN products_product AS p ON p.id = r.product_id
        ORDER BY r.position
    """  # noqa: S608 - made of constants
    stock = f"""
        UPDATE products_product SET committed_quantity = committed_quantity + opened.units
        FROM (
            SELECT r.product_id, sum(r.units) AS units FROM {rows} GROUP BY r.product_id
        ) AS opened
        WHERE products_product.id = opened.product_id
    """  # noqa: S608 - made of constants
    enqueue(opened, parameters)
    enqueue(stock, parameters)


def _rows(commitments: Sequence[OpenCommitment]) -> tuple[str, Parameters]:
    values = [{"position": at} | structs.asdict(each) for at, each in enumerate(commitments)]
    shared = {"now": engine().now()}
    return rows_from(_COLUMNS, shared=_SHARED), row_parameters(_COLUMNS, values, shared=shared)
