"""Changing and counting the stock of many products at once, each with its own outcome."""

import hashlib
from collections.abc import Sequence
from functools import partial

import msgspec
from django.db import IntegrityError, transaction
from django.db.models import Q
from msgspec import UNSET, Struct, UnsetType, structs

from apps.products.exceptions import MovementKeyReused, ProductNotFound, ProductsError
from apps.products.models import Product, StockMovement, StockRequest
from apps.products.stock.movements import refuse_other_stock, refuse_taking, set_stock
from apps.products.stock.serializers import AdjustmentOut, AdjustmentsOut, MovementOut
from monoservices.database.engines import engine
from monoservices.database.retrying import retry_once
from monoservices.database.rows import ColumnTypes, column_types, insert_rows, update_rows

_STOCK: ColumnTypes = {"id": "bigint", "stock_quantity": "integer", "updated_at": "timestamp"}
_MOVEMENT = column_types(StockMovement, without=("idempotency_key",))


class Adjustment(Struct, frozen=True, kw_only=True):
    """One movement to make: by `delta` with a reason, or to what was `counted` on the shelf.

    path: its place in the request, such as `movements.0`. It names its product by id or by SKU.
    expected: how many must be on hand before.
    """

    path: str
    product_id: int | None = None
    sku: str | None = None
    delta: int | None = None
    reason: str = ""
    counted: int | None = None
    expected: int | UnsetType = UNSET  # left out of fingerprints, as before there was one
    note: str = ""


class AdjustedStock(Struct, frozen=True):
    """response: JSON text of an AdjustmentsOut. replayed: whether it is the response to a retry."""

    response: str
    replayed: bool


def adjust_stock(
    *, adjustments: Sequence[Adjustment], actor: str, idempotency_key: str | None = None
) -> AdjustedStock:
    """Make many movements in one transaction. One that is refused does not stop the others.

    Each one finds the stock that earlier ones left. The products are locked in id order. Six
    statements, however many movements.
    idempotency_key: the same key with the same adjustments returns the first response again.
    Raises MovementKeyReused.
    """
    # Another request may use the key meanwhile. The second attempt finds it.
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
    results = [shelf.adjust(each) for each in adjustments]
    shelf.write()
    moved = sum(each.problem is UNSET for each in results)
    out = AdjustmentsOut(moved=moved, refused=len(results) - moved, results=results)
    response = msgspec.json.encode(out).decode()
    if idempotency_key is not None:
        StockRequest.objects.create(
            idempotency_key=idempotency_key, fingerprint=fingerprint, answer=response
        )
    return AdjustedStock(response, replayed=False)


class _Shelf:
    """The locked products that adjustments name, and the movements made from the adjustments."""

    def __init__(self, adjustments: Sequence[Adjustment], actor: str) -> None:
        wanted = Q(pk__in={each.product_id for each in adjustments if each.product_id})
        wanted |= Q(sku__in={each.sku for each in adjustments if each.sku})
        products = list(Product.objects.filter(wanted).lock())
        self._by_id = {product.pk: product for product in products}
        self._by_sku = {product.sku: product for product in products}
        self._moved: dict[int, Product] = {}
        self._movements: list[MovementOut] = []
        self._actor, self._now = actor, engine().now()

    def adjust(self, wanted: Adjustment) -> AdjustmentOut:
        """Make the movement, or say why it is refused."""
        try:
            return AdjustmentOut(movement=self._move(wanted))
        except ProductsError as refusal:
            return AdjustmentOut(problem=refusal.document())

    def _move(self, wanted: Adjustment) -> MovementOut:
        product = self._find(wanted)
        expected = None if wanted.expected is UNSET else wanted.expected
        refuse_other_stock(product, expected, path=f"{wanted.path}.expected")
        counted = wanted.counted
        delta = wanted.delta or 0 if counted is None else counted - product.on_hand
        refuse_taking(wanted.reason, delta, path=f"{wanted.path}.delta")
        set_stock(product, product.stock_quantity + delta, path=f"{wanted.path}.delta")
        self._moved[product.pk] = product
        movement = MovementOut(
            id=0,
            product_id=product.pk,
            delta=delta,
            quantity_after=product.stock_quantity,
            committed_delta=0,
            committed_after=product.committed_quantity,
            missing=max(0, -product.stock_quantity),
            reason=wanted.reason or StockMovement.Reason.COUNTED,
            reference="",
            note=wanted.note,
            actor=self._actor,
            created_at=self._now,
        )
        self._movements.append(movement)
        return movement

    def _find(self, wanted: Adjustment) -> Product:
        if wanted.sku is not None:
            name, product = "sku", self._by_sku.get(wanted.sku)
        else:
            name, product = "product_id", self._by_id.get(wanted.product_id or 0)
        if product is None:
            raise ProductNotFound(errors={f"{wanted.path}.{name}": ["There is no such product."]})
        return product

    def write(self) -> None:
        """Give the movements their ids; write them and the stock that they leave."""
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
