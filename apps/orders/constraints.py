"""What the database refuses to write into the tables of this service."""

from functools import reduce
from operator import or_

from django.db.models import CheckConstraint, F, Q, UniqueConstraint

from apps.orders.placing.rules import (
    CHARGES,
    EVENTS,
    MAX_PAID,
    MAX_PRICE,
    MAX_QUANTITY,
    MAX_TAX_RATE,
    MAX_TOTAL,
    STATUSES,
)

OF_ORDERS = (
    UniqueConstraint(name="order_once_per_key", fields=("client", "idempotency_key")),
    CheckConstraint(name="order_key_not_empty", condition=~Q(idempotency_key="")),
    CheckConstraint(name="order_status_known", condition=Q(status__in=STATUSES)),
    CheckConstraint(name="order_total_in_bounds", condition=Q(total__gte=0, total__lte=MAX_TOTAL)),
    CheckConstraint(name="order_version_positive", condition=Q(version__gte=1)),
    CheckConstraint(name="order_paid_in_bounds", condition=Q(paid__gte=0, paid__lte=MAX_PAID)),
    CheckConstraint(
        name="order_total_not_below_credited",
        condition=Q(credited__gte=0, credited__lte=F("total")),
    ),
    CheckConstraint(
        name="order_partly_shipped_while_pending",
        condition=Q(partly_shipped=False) | Q(status="pending", held_until__isnull=True),
    ),
    CheckConstraint(
        name="order_held_while_it_may_be",
        condition=Q(held_until__isnull=True) | Q(status__in=("pending", "canceled")),
    ),
    CheckConstraint(
        name="order_canceled_because",
        condition=Q(canceled_because__isnull=True)
        | Q(status="canceled", canceled_because="requested")
        | Q(status="canceled", canceled_because="expired", held_until__isnull=False),
    ),
)
OF_LINES = (
    UniqueConstraint(name="line_once_per_price", fields=("order", "product", "unit_price")),
    CheckConstraint(
        name="line_quantity_in_bounds",
        condition=Q(quantity__gte=1, quantity__lte=MAX_QUANTITY),
    ),
    CheckConstraint(
        name="line_price_in_bounds",
        condition=Q(unit_price__gte=0, unit_price__lte=MAX_PRICE),
    ),
    CheckConstraint(
        name="line_tax_in_bounds",
        condition=Q(tax_rate__gte=0, tax_rate__lte=MAX_TAX_RATE)
        & Q(tax_amount__gte=0, tax_amount__lte=MAX_TOTAL),
    ),
    CheckConstraint(
        name="line_units_not_negative",
        condition=Q(shipped_quantity__gte=0, canceled_quantity__gte=0, returned_quantity__gte=0),
    ),
    CheckConstraint(
        name="line_units_within_quantity",
        condition=Q(quantity__gte=F("shipped_quantity") + F("canceled_quantity")),
    ),
    CheckConstraint(
        name="line_units_returned_within_shipped",
        condition=Q(shipped_quantity__gte=F("returned_quantity")),
    ),
)
OF_CHARGES = (
    CheckConstraint(name="charge_type_known", condition=Q(type__in=CHARGES)),
    CheckConstraint(
        name="charge_in_bounds",
        condition=Q(amount__gte=-MAX_TOTAL, amount__lte=MAX_TOTAL)
        & Q(tax_amount__gte=-MAX_TOTAL, tax_amount__lte=MAX_TOTAL)
        & Q(tax_rate__gte=0, tax_rate__lte=MAX_TAX_RATE),
    ),
)
OF_SHIPMENTS = (
    # Its index is the one of the foreign key, too.
    UniqueConstraint(name="shipment_once_per_version", fields=("order", "version")),
    UniqueConstraint(
        name="shipment_once_per_key",
        fields=("order", "actor", "idempotency_key"),
        condition=Q(idempotency_key__isnull=False),
    ),
)
OF_SHIPPED_LINES = (
    UniqueConstraint(name="shipment_line_once", fields=("shipment", "line")),
    CheckConstraint(
        name="shipment_line_quantity_in_bounds",
        condition=Q(quantity__gte=1, quantity__lte=MAX_QUANTITY),
    ),
)
OF_CANCELLATIONS = (
    UniqueConstraint(
        name="cancellation_once_per_key", fields=("order", "actor", "idempotency_key")
    ),
)
OF_RETURNS = (
    UniqueConstraint(name="return_once_per_version", fields=("order", "version")),
    UniqueConstraint(name="return_once_per_key", fields=("order", "actor", "idempotency_key")),
    CheckConstraint(
        name="return_credit_in_bounds", condition=Q(credit__gte=0, credit__lte=MAX_TOTAL)
    ),
)
OF_RETURNED_LINES = (
    UniqueConstraint(
        name="return_charges_once", fields=("order_return",), condition=Q(line__isnull=True)
    ),
    CheckConstraint(
        name="return_line_of_goods_or_charges",
        condition=Q(line__isnull=False, quantity__gte=1, quantity__lte=MAX_QUANTITY)
        | Q(line__isnull=True, quantity=0, is_restocked=False, credit__gt=0),
    ),
    CheckConstraint(
        name="return_line_credit_in_bounds", condition=Q(credit__gte=0, credit__lte=MAX_TOTAL)
    ),
)
OF_EVENTS = (
    CheckConstraint(
        name="event_is_legal",
        condition=reduce(
            or_,
            (
                Q(type=kind, from_status=before, to_status=after)
                for kind, steps in EVENTS.items()
                for before, after in steps
            ),
        ),
    ),
    UniqueConstraint(name="event_once", fields=("order", "type"), condition=Q(type="placed")),
    # Its index is the one of the foreign key, too.
    UniqueConstraint(name="event_once_per_version", fields=("order", "version")),
)
