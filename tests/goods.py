"""Calls operations on orders and the reckoning alike, and compares what both say."""

from collections.abc import Callable, Collection, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from apps.orders.answers import ORDER_COLUMNS, OrderOut
from apps.orders.exceptions import OrdersError
from apps.orders.fulfilment.deciding import Unchanged
from apps.orders.fulfilment.shipping import Outcome, Shipped
from apps.orders.hot_routes import ORDERS, order_out
from apps.orders.microservice_communication import client_id_for
from apps.orders.models import Order, Shipment
from apps.orders.operations import (
    LineRequest,
    LineUnits,
    OrderChange,
    OrderRequest,
    ReturnedUnits,
    ReturnRequest,
    ShipmentRequest,
    cancel_order,
    change_order,
    confirm_order,
    deliver_order,
    deliver_shipment,
    order_request,
    place_orders,
    return_goods,
    ship_orders,
)
from apps.orders.placing.requests import Charge, PlacedOrder
from apps.orders.tests.product_rows import make_product
from apps.payments.operations import Money, record_payment, record_refund
from apps.products.models import Product
from apps.products.operations import change_stock
from monoservices.api.problems import Problem
from tests import goods_model
from tests.goods_model import GoodsBack, Name, Sent, Shop, Units
from tests.shop_model import Refused

NOBODYS_ID = 2**62


class Draft(NamedTuple):
    """An order to place."""

    sent: Sent
    charges: tuple[Decimal, ...] = ()
    is_held: bool = False


class Shipping(NamedTuple):
    """A request to ship."""

    order_id: int
    units: Units | None = None
    key: str | None = None
    version: int | None = None
    actor: str = "x"


class Goods:
    """A shop in the database, and the reckoning of it. happened: each operation's outcomes."""

    def __init__(self, stocks: Sequence[int], price: str = "5.00") -> None:
        self.shop, self.payments = Shop(), 0
        self.happened: set[str] = set()
        self.skus: dict[int, str] = {}
        self._lines_of: dict[int, dict[Name, int]] = {}
        self.client_id = client_id_for(built_in="console")
        for stock in stocks:
            product = make_product(stock=stock, price=price)
            self.shop.received[product.id] = stock
            self.shop.prices[product.id] = product.price
            self.skus[product.id] = product.sku

    def receive(self, units: int) -> None:
        """Receive so many units of each product."""
        for product_id in self.shop.received:
            change_stock(product_id=product_id, delta=units, reason="received", actor="x")
            self.shop.received[product_id] += units

    def place(self, drafts: Sequence[Draft]) -> list[int]:
        """Place orders in one batch; return the ids of those that are accepted."""
        placed = place_orders([self._order_request(draft) for draft in drafts])
        ids = []
        for draft, outcome in zip(drafts, placed, strict=True):
            order, refusal = None, ""
            try:
                order = self.shop.place(*draft)
            except Refused as refused:
                refusal = refused.code
            assert refusal == ("" if isinstance(outcome, PlacedOrder) else outcome.code)
            if order and isinstance(outcome, PlacedOrder):
                self.shop.orders[outcome.id] = order
                ids.append(outcome.id)
        self.check(ids)
        return ids

    def ship(self, *requests: Shipping) -> list[str]:
        """Ship in one batch; return the outcome of each request."""
        outcomes = ship_orders([self._shipment_request(each) for each in requests])
        return [
            self._shipped(each, outcome)
            for each, outcome in zip(requests, outcomes, strict=True)
            if outcome
        ]

    def cancel(self, order_id: int, units: Units | None, version: int | None) -> str:
        lines = None if units is None else self._lines(order_id, units)
        return self._alike(
            lambda: cancel_order(order_id=order_id, actor="x", lines=lines, version=version),
            lambda: self.shop.cancel(self.shop.orders[order_id], units, version),
        )

    def deliver_shipment(self, order_id: int, shipment_id: int) -> str:
        return self._alike(
            lambda: deliver_shipment(shipment_id=shipment_id, actor="x"),
            lambda: self.shop.deliver_shipment(self.shop.orders[order_id], shipment_id),
        )

    def deliver(self, order_id: int, version: int | None) -> str:
        return self._alike(
            lambda: deliver_order(order_id=order_id, actor="x", version=version),
            lambda: self.shop.deliver(self.shop.orders[order_id], version),
        )

    def take_back(
        self,
        order_id: int,
        back: GoodsBack,
        key: str,
        version: int | None = None,
        actor: str = "x",
    ) -> str:
        order = self.shop.orders[order_id]
        made: list[int] = []

        def call() -> str:
            done = return_goods(
                order_id=order_id,
                request=self._return_request(order_id, back),
                actor=actor,
                idempotency_key=key,
                version=version,
            )
            made.append(done.order_return.pk)
            return "replayed" if done.replayed else ""

        def reckon() -> str:
            before = self.shop.take_back(order, back, key, version, actor)
            if before is None:
                order.known["return", actor, key] = made[0], back
            assert before in (None, *made)
            return "replayed" if before else ""

        return self._alike(call, reckon)

    def confirm(self, order_id: int, version: int | None) -> str:
        return self._alike(
            lambda: confirm_order(order_id=order_id, actor="x", version=version),
            lambda: self.shop.confirm(self.shop.orders[order_id], version),
        )

    def pay(self, order_id: int, amount: Decimal, *, back: bool = False) -> str:
        """back: whether it is a refund."""
        self.payments += 1
        record, reckon = (
            (record_refund, self.shop.refund) if back else (record_payment, self.shop.pay)
        )
        money, key = Money(amount=amount, method="cash"), f"{order_id}-{self.payments}"
        return self._alike(
            lambda: record(order_id=order_id, money=money, actor="x", idempotency_key=key),
            lambda: reckon(self.shop.orders[order_id], amount),
        )

    def change(self, order_id: int, sent: Sent, version: int | None) -> str:
        change = OrderChange(lines=line_requests(sent))
        return self._alike(
            lambda: change_order(order_id=order_id, change=change, actor="x", version=version),
            lambda: self.shop.change(self.shop.orders[order_id], sent, version),
        )

    def charge(self, order_id: int, charges: tuple[Decimal, ...], version: int | None) -> str:
        change = OrderChange(charges=charge_requests(charges))
        return self._alike(
            lambda: change_order(order_id=order_id, change=change, actor="x", version=version),
            lambda: self.shop.charge(self.shop.orders[order_id], charges, version),
        )

    def check(self, order_ids: Collection[int]) -> None:
        """Assert that these orders, and all products, say what the reckoning says."""
        partly = dict(Order.objects.filter(pk__in=order_ids).values_list("pk", "partly_shipped"))
        for order_id, row in ORDERS.by("id", order_ids)().items():
            answer, version = order_out(row), row[len(ORDER_COLUMNS)]
            self._lines_of[order_id] = {
                (line.product_id, line.unit_price): line.id for line in answer.lines
            }
            says = _said(answer) | {"version": version, "partly_shipped": partly.pop(order_id)}
            assert says == self.shop.orders[order_id].says(), order_id
        assert not partly, "orders that are not there"
        stock = Product.objects.filter(pk__in=self.shop.received)
        rows = stock.values_list("pk", "stock_quantity", "committed_quantity")
        assert {product_id: (*both,) for product_id, *both in rows} == self.shop.stock()

    def check_shipments(self) -> None:
        """Assert that every shipment has arrived as the reckoning says, and that there are no more.

        So every key has made one."""
        found: dict[int, dict[int, bool]] = {order_id: {} for order_id in self.shop.orders}
        rows = Shipment.objects.filter(order__in=found).values_list("order", "pk", "delivery")
        for order_id, pk, delivery in rows:
            found[order_id][pk] = delivery is not None
        assert found == {pk: order.shipments for pk, order in self.shop.orders.items()}

    def _shipped(self, each: Shipping, outcome: Outcome) -> str:
        order = self.shop.orders[each.order_id]

        def reckon() -> int | None:
            return self.shop.ship(order, *each[1:])

        if isinstance(outcome, OrdersError):
            assert _outcome(reckon) == (outcome.code, None)
            return self._note("ship", outcome.code)
        code, before = _outcome(reckon)
        assert code == "done"
        if isinstance(outcome, Unchanged):
            assert before == 0
            return self._note("ship", "unchanged")
        if isinstance(outcome, Shipped):
            assert before is None
            order.shipments[outcome.id] = False
            if each.key:
                order.known["ship", each.actor, each.key] = outcome.id, each.units
            return self._note("ship", "done")
        assert before == outcome.id
        return self._note("ship", "replayed")

    def _alike(self, call: Callable[[], Any], reckon: Callable[[], Any]) -> str:
        """Call the operation, then the reckoning; return the outcome, which both have."""
        name = call.__qualname__.split(".")[1]
        (code, result), (reckoned, expected) = _outcome(call), _outcome(reckon)
        assert code == reckoned
        if result == "replayed" or expected == "replayed":
            assert result == expected
            code = "replayed"
        return self._note(name, code)

    def _note(self, name: str, code: str) -> str:
        self.happened.add(f"{name}: {code}")
        return code

    def _order_request(self, draft: Draft) -> OrderRequest:
        return order_request(
            client_id=self.client_id,
            actor="x",
            lines=line_requests(draft.sent),
            charges=charge_requests(draft.charges),
            hold_seconds=600 if draft.is_held else None,
        )

    def _shipment_request(self, each: Shipping) -> ShipmentRequest:
        return ShipmentRequest(
            order_id=each.order_id,
            actor=each.actor,
            idempotency_key=each.key,
            lines=None if each.units is None else self._lines(each.order_id, each.units),
            version=each.version,
        )

    def _lines(self, order_id: int, units: Units) -> tuple[LineUnits, ...]:
        named = self._named(order_id, units)
        return tuple(
            LineUnits(path="lines.0", quantity=count, **name)
            for name, (_, count) in zip(named, units, strict=True)
        )

    def _return_request(self, order_id: int, back: GoodsBack) -> ReturnRequest:
        named = self._named(order_id, back.units)
        lines = tuple(
            ReturnedUnits(path="lines.0", quantity=count, restock=restock, credit=credit, **name)
            for name, (_, count), restock, credit in zip(
                named, back.units, back.restock, back.credits, strict=True
            )
        )
        return ReturnRequest(lines=lines, charges_credit=back.charges_credit)

    def _named(self, order_id: int, units: Units) -> list[dict[str, Any]]:
        """How a request names each of the lines."""
        ids = self._lines_of[order_id]
        return [
            {"sku": self.skus[name]}
            if isinstance(name, int)
            else {"line_id": NOBODYS_ID if name is None else ids.get(name, NOBODYS_ID)}
            for name, _ in units
        ]


def line_requests(sent: Sent) -> tuple[LineRequest, ...]:
    return tuple(
        LineRequest(path=f"lines.{index}", product_id=product, quantity=count, unit_price=price)
        for index, (product, count, price) in enumerate(sent)
    )


def charge_requests(charges: tuple[Decimal, ...]) -> tuple[Charge, ...]:
    return tuple(
        Charge(type="fee" if amount >= 0 else "discount", amount=amount) for amount in charges
    )


def _said(answer: OrderOut) -> dict[str, Any]:
    names = goods_model.Order({}).says().keys() & {*answer.__struct_fields__}
    lines = {
        (line.product_id, line.unit_price): (
            line.quantity,
            line.shipped_quantity,
            line.canceled_quantity,
            line.returned_quantity,
        )
        for line in answer.lines
    }
    is_held = answer.status == "pending" and answer.held_until is not None
    said = {name: getattr(answer, name) for name in names}
    return said | {"lines": lines, "is_held": is_held}


def _outcome(call: Callable[[], Any]) -> tuple[str, Any]:
    """("done", result), or the code of the error and None."""
    try:
        return "done", call()
    except (Problem, Refused) as refusal:
        return refusal.code, None
