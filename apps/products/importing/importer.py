"""Importing products from rows: validated one by one, then decided and written in chunks."""

from collections.abc import Iterable, Iterator, Sequence

from django.db import DataError, IntegrityError, transaction
from msgspec import Struct

from apps.products.importing.plan import ImportPlan, Result
from apps.products.importing.reading import Row
from apps.products.models import Product
from apps.products.serializers import ProductRow
from monoservices.api.decoding import convert
from monoservices.api.problems import Conflict, Invalid, Problem
from monoservices.services.scopes import COMMAND_LINE

CHUNK_SIZE = 500
"""How many rows one transaction writes."""

CHUNK_BYTES = 2 * 1024 * 1024
"""How many bytes of a file one transaction writes, if long rows reach this before CHUNK_SIZE."""


class Outcome(Struct, frozen=True):
    """What the import did with `row`. reason: why it was refused; empty if it was not."""

    row: Row
    result: Result
    reason: str = ""


def import_products(
    rows: Iterable[Row],
    *,
    dry_run: bool = False,
    may_count: bool = True,
    actor: str = COMMAND_LINE,
) -> Iterator[Outcome]:
    """Create or update the product with each row's SKU; yield the outcomes in the rows' order.

    Every 500 rows are one transaction, which is committed before the first of their outcomes is
    yielded. A row that is not valid is refused and never stops the others. Stock moves through the
    ledger: `received` for a new product, `counted` for one that exists. Rows that change nothing
    write nothing, so that running an interrupted import again resumes it.
    dry_run: write nothing. A new SKU that comes again more than 500 rows later then counts as
        created twice.
    may_count: whether rows may change the stock of products that exist.
    Raises OperationalError if the database fails; earlier chunks stay.
    """
    for chunk in _chunks(rows):
        parsed = [_parse(row) for row in chunk]
        valid = [row for row in parsed if isinstance(row, ProductRow)]
        results = iter(_decide(valid, may_count) if dry_run else _write(valid, may_count, actor))
        for row, product_row in zip(chunk, parsed, strict=True):
            result = next(results) if isinstance(product_row, ProductRow) else product_row
            if isinstance(result, Problem):
                yield Outcome(row, Result.REFUSED, _reason(result))
            else:
                yield Outcome(row, result)


def _chunks(rows: Iterable[Row]) -> Iterator[list[Row]]:
    chunk: list[Row] = []
    size = 0
    for row in rows:
        chunk.append(row)
        size += row.size
        if len(chunk) >= CHUNK_SIZE or size >= CHUNK_BYTES:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


def _parse(row: Row) -> ProductRow | Problem:
    if row.problem:
        return Invalid(row.problem)
    try:
        return convert(row.fields, ProductRow, strict=False)
    except Invalid as problem:
        return problem


def _reason(problem: Problem) -> str:
    errors = [f"{name}: {text}" for name, texts in problem.errors.items() for text in texts]
    return " ".join(errors) or problem.detail


def _decide(rows: Sequence[ProductRow], may_count: bool) -> list[Result | Problem]:
    products = Product.objects.filter(sku__in=[row.sku for row in rows])
    plan = ImportPlan(products, may_count=may_count)
    return [plan.add(row) for row in rows]


def _write(rows: Sequence[ProductRow], may_count: bool, actor: str) -> list[Result | Problem]:
    """Write the rows together, or one by one if the database refuses them together."""
    try:
        return _write_together(rows, may_count, actor)
    except (DataError, IntegrityError) as error:
        if len(rows) == 1:
            return [Conflict(f"The database refuses it: {str(error).splitlines()[0]}")]
    return [result for row in rows for result in _write([row], may_count, actor)]


@transaction.atomic
def _write_together(
    rows: Sequence[ProductRow], may_count: bool, actor: str
) -> list[Result | Problem]:
    """Five statements, however many rows."""
    products = Product.objects.filter(sku__in=[row.sku for row in rows]).lock()
    plan = ImportPlan(products, may_count=may_count)
    results = [plan.add(row) for row in rows]
    plan.write(actor)
    return results
