"""Invariants of a shop at any moment: stock, ledger, orders and histories agree."""

from collections import Counter, defaultdict
from decimal import Decimal

from django.apps import apps

from apps.orders.models import Order, ReturnLine, ShipmentLine
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
    """Assert that each order agrees with its movements, its lines and its events."""
    moved = _moved_by_order()
    for order in Order.objects.prefetch_related("lines", "charges", "events").order_by("pk"):
        lines = order.lines.all()
        assert lines, order.pk
        charges = [charge.amount for charge in order.charges.all()]
        assert order.charges_total == (sum(charges) if charges else None), order.pk
        of_lines = sum(
            (x.unit_price * (x.quantity - x.canceled_quantity) for x in lines), Decimal()
        )
        assert order.total == of_lines + sum(charges), order.pk
        has, promised = _units_of(order)
        units, committed = moved.pop(order.pk)
        assert {key: -units[key] for key in units if units[key]} == has, order.pk
        assert {key: committed[key] for key in committed if committed[key]} == promised, order.pk
        _assert_parts_balance(order)
        events = order.events.all()
        assert order.version == len(events)
        path = ["", *(event.to_status for event in events)]
        assert [event.from_status for event in events] == path[:-1]
        assert order.status == path[-1]
    assert not moved, "movements of orders that do not exist"


def _units_of(order: Order) -> tuple[dict[int, int], dict[int, int]]:
    """What an order has taken and not given back, and what is promised of it, by product id."""
    has: Counter[int] = Counter()
    promised: Counter[int] = Counter()
    if order.status != Order.Status.CANCELED:
        for line in order.lines.all():
            left = line.quantity - line.canceled_quantity
            has[line.product_id] += left
            promised[line.product_id] += left - line.shipped_quantity
        for back in ReturnLine.objects.filter(order_return__order=order, is_restocked=True):
            assert back.line
            has[back.line.product_id] -= back.quantity
    return {key: n for key, n in has.items() if n}, {key: n for key, n in promised.items() if n}


def _assert_parts_balance(order: Order) -> None:
    """Assert that lines, credit and status say what shipments and returns have written."""
    shipped: Counter[int] = Counter()
    returned: Counter[int] = Counter()
    for sent in ShipmentLine.objects.filter(shipment__order=order):
        shipped[sent.line_id] += sent.quantity
    credited = Decimal()
    for back in ReturnLine.objects.filter(order_return__order=order):
        credited += back.credit
        if back.line_id:
            returned[back.line_id] += back.quantity
    assert order.credited == credited == sum(each.credit for each in order.returns.all()), order.pk
    lines = order.lines.all()
    for line in lines:
        assert line.shipped_quantity == shipped[line.pk], line.pk
        assert line.returned_quantity == returned[line.pk], line.pk
    is_open = any(x.quantity > x.shipped_quantity + x.canceled_quantity for x in lines)
    assert order.partly_shipped == (order.status == "pending" and bool(shipped) and is_open), (
        order.pk
    )
    if order.status != Order.Status.CANCELED:
        arrived = not order.shipments.filter(delivery=None).exists()
        expected = "pending" if is_open else ("delivered" if arrived else "shipped")
        assert order.status == expected, order.pk


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
