"""That shipments arrive, and where they can be followed."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import transaction

from apps.orders.exceptions import IllegalTransition, ShipmentNotFound, VersionConflict
from apps.orders.fulfilment.goods import status_of
from apps.orders.locking import lock_order, refuse_other_version, write_change
from apps.orders.models import Delivery, Order, Shipment, Tracking
from monoservices.database.engines import engine


@transaction.atomic
def deliver_shipment(
    *, shipment_id: int, actor: str, version: int | None = None, at: datetime | None = None
) -> Shipment:
    """Note that a shipment has arrived, and return it. One that has arrived stays unchanged.

    Once nothing is open and every shipment has arrived, the order is delivered.
    version: the order's that the caller has seen; nothing is noted of an order at another version.
    at: the moment it happened; now where it is None. Raises ShipmentNotFound, VersionConflict.
    """
    order = lock_order(_find(shipment_id).order_id)
    shipment = _find(shipment_id)  # as it is under the lock
    if not hasattr(shipment, "delivery"):
        refuse_other_version(order, version)
        _deliver(order, [shipment], actor=actor, at=at)
    return shipment


@transaction.atomic
def deliver_order(
    *, order_id: int, actor: str, version: int | None = None, at: datetime | None = None
) -> Order:
    """Note that every shipment of an order that is shipped has arrived, and return the order.

    An order that is delivered stays unchanged.
    version: the version that the caller has seen; an order at another version stays as it is.
    Raises OrderNotFound, VersionConflict, IllegalTransition.
    """
    order = lock_order(order_id)
    if order.status == Order.Status.DELIVERED:
        return order
    refuse_other_version(order, version)
    if order.status != Order.Status.SHIPPED:
        raise IllegalTransition(f"An order that is {order.status} cannot become delivered.")
    under_way = list(order.shipments.filter(delivery=None).order_by("pk"))
    _deliver(order, under_way, actor=actor, at=at)
    return order


@transaction.atomic
def follow_shipment(
    *,
    shipment_id: int,
    changes: Mapping[str, str],
    version: int | None = None,
    seen: Mapping[str, str] | None = None,
) -> Shipment:
    """Set where a shipment can be followed, and return the shipment.

    changes: values of fields of Tracking, by name; the others stay as they are.
    version: the order's that the caller has seen. seen: the values of fields that the caller has
        seen, which do not move the version. Where one of them is another by now, nothing is set.
    Raises ShipmentNotFound, VersionConflict.
    """
    if version is not None or seen is not None:
        refuse_other_version(lock_order(_find(shipment_id).order_id), version)
        _refuse_other_tracking(_find(shipment_id), seen or {})
    if changes:
        Tracking.objects.update_or_create(shipment_id=_find(shipment_id).pk, defaults=changes)
    return _find(shipment_id)


def is_delivered(order: Order) -> bool:
    """Whether every shipment of a locked order has arrived. One statement."""
    return not order.shipments.filter(delivery=None).exists()


def _refuse_other_tracking(shipment: Shipment, seen: Mapping[str, str]) -> None:
    tracking = getattr(shipment, "tracking", None) or Tracking()
    if any(getattr(tracking, name) != value for name, value in seen.items()):
        raise VersionConflict("The shipment's tracking has changed since it was read.")


def _find(shipment_id: int) -> Shipment:
    shipment = Shipment.objects.whole().filter(pk=shipment_id).first()
    if shipment is None:
        raise ShipmentNotFound
    return shipment


def _deliver(
    order: Order, shipments: Sequence[Shipment], *, actor: str, at: datetime | None
) -> None:
    at = at or engine().now()
    Delivery.objects.bulk_create(
        Delivery(shipment=shipment, actor=actor, created_at=at) for shipment in shipments
    )
    was = order.status
    order.version += 1
    order.status = status_of(order.lines.all(), is_delivered=lambda: is_delivered(order))
    data = {"shipment_ids": [shipment.pk for shipment in shipments]}
    write_change(order, "delivered", actor=actor, at=at, was=was, data=data)
