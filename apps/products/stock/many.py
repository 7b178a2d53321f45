"""Changing and counting the stock of many products at once, each with its own outcome."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from functools import partial

import msgspec
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from msgspec import UNSET, Struct, UnsetType, structs

from apps.products.exceptions import (
    MovementKeyReused,
    OutOfStock,
    ProductNotFound,
    StockBeyondBounds,
)
from apps.products.models import Product, StockMovement, StockRequest
from apps.products.stock.ledger import MOVEMENT
from monoservices.api.problems import Problem, ProblemDocument
from monoservices.api.types import MAX_INTEGER
from monoservices.database.engines import engine
from monoservices.database.retrying import retry_once
from monoservices.database.rows import ColumnTypes, insert_rows, update_rows

_STOCK: ColumnTypes = {
    "id": "bigint",
    "stock_quantity": "integer",
    "updated_at": "timestamp",
}
_MOVEMENT: ColumnTypes = {"id": "bigint", **MOVEMENT}


class Adjustment(Struct, frozen=True, kw_only=True):
    """One movement that is asked for: by `delta` with a reason, or to what was `counted`.

    path: where it stood in the request, such as `movements.0`. The product is named by its id or
    by its SKU.
    """

    path: str
    product_id: int | None = None
    sku: str | None = None
    delta: int | None = None
    reason: str = ""
    counted: int | None = None
    note: str = ""


class MovementOut(Struct, kw_only=True):
    """A movement that was made."""

    id: int
    product_id: int
    delta: int
    quantity_after: int
    reason: str
    reference: str = ""
    note: str
    actor: str
    created_at: datetime


class AdjustmentOut(Struct, kw_only=True):
    """What became of one adjustment: the movement, or the problem that it met."""

    movement: MovementOut | UnsetType = UNSET
    problem: ProblemDocument | UnsetType = UNSET


class AdjustmentsOut(Struct, kw_only=True):
    """What became of all of them, in their order."""

    moved: int
    refused: int
    results: list[AdjustmentOut]


class AdjustedStock(Struct, frozen=True):
    """answer: JSON text of an AdjustmentsOut. replayed: whether the request came before."""

    answer: str
    replayed: bool


def adjust_stock(
    *, adjustments: Sequence[Adjustment], actor: str, idempotency_key: str | None = None
) -> AdjustedStock:
    """Make many movements in one transaction; one that is refused does not stop the others.

    They are made in their order, so that a later one finds what earlier ones left. The products
    are locked in the order of their ids. Six statements, whatever the number of movements.
    idempotency_key: the same key with the same adjustments moves nothing again, and the first
        answer comes back, refusals included.
    Raises MovementKeyReused.
    """
    # The key may come in another request meanwhile; the second attempt finds it.
    attempt = partial(_adjust, adjustments, actor, idempotency_key)
    return retry_once(attempt, after=IntegrityError)


@transaction.atomic
def _adjust(
    adjustments: Sequence[Adjustment], actor: str, idempotency_key: str | None
) -> AdjustedStock:
    fingerprint = hashlib.sha256(msgspec.json.encode(adjustments)).hexdigest()
    if idempotency_key is not None:
        known = StockRequest.objects.filter(idempotency_key=idempotency_key).first()
        if known is not None:
            if known.fingerprint != fingerprint:
                raise MovementKeyReused
            return AdjustedStock(known.answer, replayed=True)
    shelf = _Shelf(adjustments, actor)
    outcomes = [shelf.take(each) for each in adjustments]
    shelf.write()
    answer = msgspec.json.encode(_answer(outcomes)).decode()
    if idempotency_key is not None:
        StockRequest.objects.create(
            idempotency_key=idempotency_key, fingerprint=fingerprint, answer=answer
        )
    return AdjustedStock(answer, replayed=False)


class _Shelf:
    """The products that adjustments name, locked, and the movements that are made of them."""

    def __init__(self, adjustments: Sequence[Adjustment], actor: str) -> None:
        wanted = Q(pk__in={each.product_id for each in adjustments if each.product_id})
        wanted |= Q(sku__in={each.sku for each in adjustments if each.sku})
        products = list(Product.objects.filter(wanted).lock())
        self._by_id = {product.pk: product for product in products}
        self._by_sku = {product.sku: product for product in products}
        self._moved: dict[int, Product] = {}
        self._movements: list[MovementOut] = []
        self._actor, self._now = actor, timezone.now()

    def take(self, wanted: Adjustment) -> MovementOut | Problem:
        """Make the movement, or say why it is refused."""
        by_sku = wanted.sku is not None
        product = (
            self._by_sku.get(wanted.sku or "")
            if by_sku
            else self._by_id.get(wanted.product_id or 0)
        )
        if product is None:
            named = f"{wanted.path}.{'sku' if by_sku else 'product_id'}"
            return ProductNotFound(errors={named: ["There is no such product."]})
        before = product.stock_quantity
        after = before + (wanted.delta or 0) if wanted.counted is None else wanted.counted
        if not 0 <= after <= MAX_INTEGER:
            refusal = OutOfStock if after < 0 else StockBeyondBounds
            return refusal(errors={f"{wanted.path}.delta": [f"There are {before} in stock."]})
        product.stock_quantity = after
        self._moved[product.pk] = product
        movement = MovementOut(
            id=0,
            product_id=product.pk,
            delta=after - before,
            quantity_after=after,
            reason=wanted.reason or StockMovement.Reason.COUNTED,
            note=wanted.note,
            actor=self._actor,
            created_at=self._now,
        )
        self._movements.append(movement)
        return movement

    def write(self) -> None:
        """Write the movements, which get their ids, and the stock that they leave."""
        if not self._movements:
            return
        reserved = engine().reserve_ids(StockMovement, len(self._movements)).fetch()
        for movement, (movement_id,) in zip(self._movements, reserved, strict=True):
            movement.id = movement_id
        update_rows(
            Product,
            _STOCK,
            [
                {"id": key, "stock_quantity": product.stock_quantity}
                for key, product in self._moved.items()
            ],
            shared={"updated_at": self._now},
        )
        insert_rows(
            StockMovement,
            _MOVEMENT,
            [structs.asdict(movement) for movement in self._movements],
            shared={"revision": 0, "created_at": self._now},
        )


def _answer(outcomes: Sequence[MovementOut | Problem]) -> AdjustmentsOut:
    results = [
        AdjustmentOut(problem=outcome.document())
        if isinstance(outcome, Problem)
        else AdjustmentOut(movement=outcome)
        for outcome in outcomes
    ]
    refused = sum(isinstance(outcome, Problem) for outcome in outcomes)
    return AdjustmentsOut(moved=len(results) - refused, refused=refused, results=results)
