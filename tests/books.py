"""Invariants of a shop at any moment: stock, ledger, orders and histories agree."""

from collections import Counter, defaultdict
from decimal import Decimal
from typing import NamedTuple

from django.apps import apps

from apps.orders.models import Order, ReturnLine, Shipment, ShipmentLine
from apps.products.models import Product, StockMovement


def assert_books_balance() -> None:
    """Assert that stock, ledger, orders, histories and payments agree."""
    assert_ledger_balances()
    assert_orders_balance()
    assert_payments_balance()


def assert_ledger_balances() -> None:
    """Assert that both quantities are the sums of movements, and that each movement knows them."""
    stock: Counter[int] = Counter()
    committed: Counter[int] = Counter()
    for movement in StockMovement.objects.order_by("pk"):
        stock[movement.product_id] += movement.delta
        committed[movement.product_id] += movement.committed_delta or 0
        assert movement.quantity_after == stock[movement.product_id], movement.pk
        assert movement.committed_after == committed[movement.product_id], movement.pk
    quantities = Product.objects.values_list("pk", "stock_quantity", "committed_quantity")
    for product_id, in_stock, promised in quantities:
        assert in_stock == stock[product_id], product_id
        assert promised == committed[product_id], product_id


def assert_orders_balance() -> None:
    """Assert that each order agrees with its movements, its lines, its parcels and its events."""
    moved, written, revisions = _moved_by_order(), _written(), _revisions()
    for order in Order.objects.prefetch_related("lines", "charges", "events").order_by("pk"):
        lines = order.lines.all()
        assert lines, order.pk
        charges = [charge.amount for charge in order.charges.all()]
        assert order.charges_total == (sum(charges) if charges else None), order.pk
        of_lines = (x.unit_price * (x.quantity - x.canceled_quantity) for x in lines)
        assert order.total == sum(of_lines, Decimal()) + sum(charges), order.pk
        _assert_parts(order, written)
        units, committed = moved.pop(order.pk)
        assert {key: -units[key] for key in units if units[key]} == _taken(order, written), order.pk
        promised = _open(order)
        assert {key: committed[key] for key in committed if committed[key]} == promised, order.pk
        events = order.events.all()
        assert order.version == len(events)
        told = {(event.type, event.version) for event in events}
        assert revisions.pop(order.pk, set()) <= told, order.pk
        path = ["", *(event.to_status for event in events)]
        assert [event.from_status for event in events] == path[:-1]
        assert order.status == path[-1]
    assert not moved, "movements of orders that do not exist"
    assert not +written.shipped, "shipments of lines that do not exist"
    assert not +written.returned, "returns of lines that do not exist"


def _revisions() -> dict[int, set[tuple[str, int]]]:
    """By order: what moved goods, and the versions at which it says that it did."""
    found: defaultdict[int, set[tuple[str, int]]] = defaultdict(set)
    moved = StockMovement.objects.filter(reason__in=("shipped", "returned"))
    rows = moved.filter(reference__startswith="order:", revision__isnull=False)
    for reference, reason, revision in rows.values_list("reference", "reason", "revision"):
        found[int(reference.removeprefix("order:"))].add((reason, revision))
    return found


class _Written(NamedTuple):
    """What shipments and returns have: units by line, those on sale again by order and product.

    credited, under_way: by order, the latter of shipments that have not arrived.
    """

    shipped: Counter[int]
    returned: Counter[int]
    restocked: Counter[tuple[int, int]]
    credited: defaultdict[int, Decimal]
    under_way: Counter[int]


def _written() -> _Written:
    written = _Written(Counter(), Counter(), Counter(), defaultdict(Decimal), Counter())
    for line_id, units in ShipmentLine.objects.values_list("line_id", "quantity"):
        written.shipped[line_id] += units
    columns = ("order_return__order_id", "line_id", "line__product_id", "quantity")
    returned = ReturnLine.objects.values_list(*columns, "is_restocked", "credit")
    for order_id, line_id, product_id, units, is_restocked, credit in returned:
        written.credited[order_id] += credit
        if line_id is not None:
            written.returned[line_id] += units
            written.restocked[order_id, product_id] += units if is_restocked else 0
    for order_id, delivery in Shipment.objects.values_list("order_id", "delivery"):
        written.under_way[order_id] += delivery is None
    return written


def _assert_parts(order: Order, written: _Written) -> None:
    """Assert that shipments and returns make what an order says of them, and its status."""
    lines = order.lines.all()
    for line in lines:
        assert line.shipped_quantity == written.shipped.pop(line.pk, 0), order.pk
        assert line.returned_quantity == written.returned.pop(line.pk, 0), order.pk
        assert line.returned_quantity <= line.shipped_quantity, order.pk
    assert order.credited == written.credited[order.pk], order.pk
    was_shipped = any(line.shipped_quantity for line in lines)
    if order.status == Order.Status.CANCELED:
        assert not was_shipped, order.pk
        assert not order.partly_shipped, order.pk
        return
    status = "pending" if _open(order) else "shipped"
    if status == "shipped" and not written.under_way[order.pk]:
        status = "delivered"
    assert order.status == status, order.pk
    assert was_shipped or status == "pending", order.pk
    assert order.partly_shipped == (was_shipped and status == "pending"), order.pk


def _open(order: Order) -> Counter[int]:
    """Units that are neither shipped nor canceled, by product."""
    units: Counter[int] = Counter()
    if order.status != Order.Status.CANCELED:
        for line in order.lines.all():
            units[line.product_id] += line.quantity - line.shipped_quantity - line.canceled_quantity
    return +units


def _taken(order: Order, written: _Written) -> dict[int, int]:
    """Units that an order has taken and not put back, by product."""
    units: Counter[int] = Counter()
    if order.status != Order.Status.CANCELED:
        for line in order.lines.all():
            units[line.product_id] += line.quantity - line.canceled_quantity
    for product_id in units:
        units[product_id] -= written.restocked[order.pk, product_id]
    return {product_id: count for product_id, count in units.items() if count}


def assert_payments_balance() -> None:
    """Assert that what is paid for each order is its payments minus its refunds."""
    if not apps.is_installed("apps.payments"):
        return  # the tests of orders alone
    from apps.payments.models import Payment

    paid: defaultdict[int, Decimal] = defaultdict(Decimal)
    for payment in Payment.objects.all():
        paid[payment.order_id] += payment.amount if payment.kind == "payment" else -payment.amount
    said = {pk: amount or 0 for pk, amount in Order.objects.values_list("pk", "paid")}
    assert said == {pk: paid.pop(pk, 0) for pk in said}
    assert not paid, "payments of orders that do not exist"


def _moved_by_order() -> dict[int, tuple[Counter[int], Counter[int]]]:
    """By order: what each product's movements sum to, and what they commit."""
    moved: defaultdict[int, tuple[Counter[int], Counter[int]]]
    moved = defaultdict(lambda: (Counter(), Counter()))
    for movement in StockMovement.objects.filter(reference__startswith="order:"):
        order_id = int(movement.reference.removeprefix("order:"))
        units, committed = moved[order_id]
        units[movement.product_id] += movement.delta
        committed[movement.product_id] += movement.committed_delta or 0
    return moved
