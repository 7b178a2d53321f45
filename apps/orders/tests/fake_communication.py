"""A fake of `apps.orders.microservice_communication`.

It keeps products and ledger in their own tables, because orders' foreign key is real, and so are
the transactions that are undone; but row by row, in plain steps, and by no code of products. Locks,
constraints and races are the database's own. Types and errors are those that both sides share.
The platform is not pretended: accounts is there in every selection of services.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import reduce
from itertools import chain
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from msgspec import structs

from apps.orders.microservice_communication import (
    Lock,
    Moved,
    OpenCommitment,
    ProductSnapshot,
    StockDiscrepancy,
    StockMove,
    client_id_for,
    existing_client_ids,
)
from apps.orders.tests.product_rows import (
    MOVEMENT,
    PRODUCT,
    add_movement,
    committed,
    make_product,
    read_product,
    set_product,
    snapshot_of,
)
from apps.products.exceptions import OutOfStock, ProductNotFound, SkuExists, StockBeyondBounds
from monoservices.api.types import MAX_INTEGER
from monoservices.database.fingerprints import Fingerprint, take_fingerprints
from monoservices.services.scopes import COMMAND_LINE
from monoservices.testing.rows import rows_of

__all__ = [
    "Lock",
    "Moved",
    "OpenCommitment",
    "ProductSnapshot",
    "StockDiscrepancy",
    "StockMove",
    "audit_stock",
    "client_id_for",
    "correct_ledger",
    "correct_reference",
    "create_demo_products",
    "existing_client_ids",
    "fingerprint_movements",
    "get_product_by_id",
    "get_products_by_name",
    "get_products_named",
    "open_commitments",
    "product_ids_by_part_of_sku",
    "read_products",
    "references_without_number",
    "sum_movements",
    "take_stock",
]


def read_products(
    *, ids: Collection[int] = (), skus: Collection[str] = (), lock: Lock = "none"
) -> list[ProductSnapshot]:
    wanted = rows_of(PRODUCT).filter(Q(pk__in=ids) | Q(sku__in=skus))
    if lock == "none":
        return _snapshots(wanted)
    if lock == "wait":
        return _snapshots(wanted.select_for_update(no_key=True))
    taken = _snapshots(wanted.select_for_update(no_key=True, skip_locked=True))
    others = wanted.exclude(pk__in=[product.id for product in taken])
    return taken + [structs.replace(each, is_held=True) for each in _snapshots(others)]


def get_products_by_name(name_filter: str | None = None) -> Sequence[ProductSnapshot]:
    wanted = (name_filter or "").casefold()

    def read() -> list[ProductSnapshot]:
        return [each for each in _snapshots(rows_of(PRODUCT)) if wanted in each.name.casefold()]

    lazy: Sequence[ProductSnapshot] = SimpleLazyObject(read)  # type: ignore[assignment]
    return lazy


def get_product_by_id(product_id: int) -> ProductSnapshot | None:
    return next(iter(_snapshots(rows_of(PRODUCT).filter(pk=product_id))), None)


def get_products_named(*, name: str) -> list[ProductSnapshot]:
    return _snapshots(rows_of(PRODUCT).filter(name=name, is_active=True))


def product_ids_by_part_of_sku(*, texts: Collection[str]) -> dict[str, list[int]]:
    skus = {each.id: each.sku.casefold() for each in _snapshots(rows_of(PRODUCT))}
    return {text: [key for key, sku in skus.items() if text.casefold() in sku] for text in texts}


def take_stock(
    *,
    moves: Sequence[StockMove],
    prices: Mapping[int, Decimal] | None = None,
    at: datetime | None = None,
) -> None:
    products = {each.id: each for each in _locked({move.product_id for move in moves})}
    remaining = {product.id: product.stock_quantity for product in products.values()}
    promised = {product.id: committed(product) for product in products.values()}
    for move in moves:
        product = products.get(move.product_id)
        if product is None or (
            prices and not (product.is_active and product.price == prices[product.id])
        ):
            raise IntegrityError(f"Product {move.product_id} is not as it was read.")
        remaining[product.id] += move.delta
        promised[product.id] += move.committed_delta
        columns = structs.asdict(move) | {"created_at": at or timezone.now()}
        columns |= {"after": remaining[product.id], "committed_after": promised[product.id]}
        add_movement(columns.pop("product_id"), **columns)  # refuses a sale of what is not there
    for product in products.values():
        set_product(
            product,
            stock_quantity=remaining[product.id],
            committed_quantity=promised[product.id],
        )


def open_commitments(*, commitments: Sequence[OpenCommitment]) -> None:
    movements = rows_of(MOVEMENT).filter(committed_delta__isnull=False)
    for each in commitments:
        if movements.filter(reference=each.reference, product_id=each.product_id).exists():
            continue
        product = read_product(each.product_id)
        promised = committed(product) + each.units
        set_product(product, committed_quantity=promised)
        columns: dict[str, Any] = {"reference": each.reference, "revision": each.revision}
        columns |= {
            "actor": COMMAND_LINE,
            "committed_delta": each.units,
            "committed_after": promised,
        }
        columns |= {"note": "committed when stock got its second quantity"}
        add_movement(product.id, 0, product.stock_quantity, reason="opened", **columns)


def sum_movements(*, references: Collection[str]) -> dict[tuple[str, int], Moved]:
    sums: defaultdict[tuple[str, int], Moved] = defaultdict(Moved)
    for row in rows_of(MOVEMENT).filter(reference__in={*references} - {""}):
        key = (row["reference"], row["product_id"])
        sums[key] = _plus(sums[key], _moved(row))
    return dict(sums)


def fingerprint_movements(*, prefix: str, seed: int) -> Iterator[Fingerprint]:
    """The movements are read as rows, and only the weights are the database's."""
    rows = []
    for row in rows_of(MOVEMENT):
        if order_id := _number_in(row["reference"], prefix):
            moved, product_id = _moved(row), row["product_id"]
            rows.append((order_id, product_id, moved.delta))
            rows.append((order_id, -product_id, moved.delta + moved.committed_delta))
    if rows:
        cast = "(CAST(%s AS bigint), CAST(%s AS bigint), CAST(%s AS bigint))"
        named = "SELECT column1 AS id, column2 AS other_id, column3 AS units"
        select = f"{named} FROM (VALUES {', '.join([cast] * len(rows))}) AS r"
        yield from take_fingerprints(select, list(chain(*rows)), seed=seed)


def references_without_number(*, prefix: str) -> set[str]:
    references = {row["reference"] for row in rows_of(MOVEMENT)}
    return {each for each in references if each.startswith(prefix) and not _number_in(each, prefix)}


def _number_in(reference: str, prefix: str) -> int | None:
    found = re.fullmatch(f"{prefix}([1-9][0-9]{{0,17}})", reference)
    return int(found[1]) if found else None


def audit_stock() -> Iterator[StockDiscrepancy]:
    rows = [*rows_of(PRODUCT)]
    products = {row["id"]: snapshot_of(row) for row in rows}
    promises = {row["id"]: row["committed_quantity"] for row in rows}
    movements = [*rows_of(MOVEMENT)]
    sums, newest = defaultdict[int, Moved](Moved), dict[int, Any]()
    for row in movements:
        sums[row["product_id"]] = _plus(sums[row["product_id"]], _moved(row))
        newest[row["product_id"]] = row
    nothing = {"quantity_after": 0, "committed_after": 0}
    for product in products.values():
        moved, promised = sums[product.id], promises[product.id]
        last = newest.get(product.id, nothing)
        left = promised if last["committed_after"] is None else last["committed_after"]
        for what, now, ledger, after in (
            ("in stock", product.stock_quantity, moved.delta, last["quantity_after"]),
            ("committed", promised, moved.committed_delta, left),
        ):
            told = f"Product {product.id} ({product.sku}): {now} {what}, but its"
            if now != ledger:
                yield StockDiscrepancy(f"{told} movements sum to {ledger}.", product.id)
            elif now != after:
                yield StockDiscrepancy(f"{told} newest movement left {after}.")
    for row in movements:
        if row["product_id"] not in products:
            missing = f"moves product {row['product_id']}, which does not exist."
            yield StockDiscrepancy(f"Movement {row['id']}: {missing}")


@transaction.atomic
def correct_reference(
    *, reference: str, deltas: Mapping[int, Moved], note: str = "", actor: str = COMMAND_LINE
) -> None:
    products = {product.id: product for product in _locked(deltas.keys())}
    for product_id, delta in sorted(deltas.items()):
        if product_id not in products:
            raise ProductNotFound(f"There is no product {product_id}.")
        product = products[product_id]
        gap = _gap(product)
        stock = product.stock_quantity + _to_move(delta.delta, gap.delta)
        promised = committed(product) + _to_move(delta.committed_delta, gap.committed_delta)
        for quantity, what in ((promised, "committed"), (stock + promised, "on hand")):
            told = f"Of product {product_id}, {quantity} would be {what}."
            if quantity < 0:
                raise OutOfStock(told)
            if quantity > MAX_INTEGER:
                raise StockBeyondBounds(told)
        set_product(product, stock_quantity=stock, committed_quantity=promised)
        earlier = rows_of(MOVEMENT).filter(
            product_id=product_id, reference=reference, reason="corrected"
        )
        revision = 1 + max((row["revision"] for row in earlier), default=0)
        columns: dict[str, Any] = {"committed_delta": delta.committed_delta}
        columns["committed_after"] = promised
        columns |= {"reference": reference, "revision": revision, "note": note, "actor": actor}
        add_movement(product_id, delta.delta, stock, **columns)


@transaction.atomic
def correct_ledger(*, product_id: int, note: str = "", actor: str = COMMAND_LINE) -> Moved:
    for product in _locked([product_id]):
        gap = _gap(product)
        if gap != Moved():
            columns: dict[str, Any] = {
                "committed_delta": gap.committed_delta,
                "note": note,
                "actor": actor,
            }
            add_movement(product_id, gap.delta, product.stock_quantity, **columns)
        return gap
    raise ProductNotFound


def create_demo_products(*, at: datetime | None = None) -> None:
    if rows_of(PRODUCT).filter(sku__startswith="DEMO-").exists():
        raise SkuExists
    for number in range(60):
        make_product(name=f"Thing {number}", price=f"{number}.99", stock=100, sku=f"DEMO-{number}")
    if at is not None:
        rows_of(PRODUCT).filter(sku__startswith="DEMO-").update(created_at=at, updated_at=at)


def _locked(ids: Collection[int]) -> list[ProductSnapshot]:
    return read_products(ids=ids, lock="wait")


def _snapshots(rows: QuerySet[Any, dict[str, Any]]) -> list[ProductSnapshot]:
    return [snapshot_of(row) for row in rows]


def _moved(row: Mapping[str, Any]) -> Moved:
    return Moved(row["delta"], row["committed_delta"] or 0)


def _plus(one: Moved, other: Moved, sign: int = 1) -> Moved:
    return Moved(one.delta + sign * other.delta, one.committed_delta + sign * other.committed_delta)


def _gap(product: ProductSnapshot) -> Moved:
    rows = rows_of(MOVEMENT).filter(product_id=product.id)
    return _plus(
        Moved(product.stock_quantity, committed(product)),
        reduce(_plus, map(_moved, rows), Moved()),
        -1,
    )


def _to_move(delta: int, gap: int) -> int:
    return delta - (min(delta, max(gap, 0)) if delta > 0 else max(delta, min(gap, 0)))
