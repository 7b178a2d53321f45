"""The errors of orders.

OrdersError
├── InvalidOrder           400  a quantity or a total is out of bounds
├── KeyRequired            400  without an Idempotency-Key, nothing says what is a retry
├── UnknownProduct         400
├── UnknownLine            400  the order has no such line, or several
├── OrderNotFound          404
├── ShipmentNotFound       404
├── ReturnNotFound         404
├── OutOfStock             409
├── ProductUnavailable     409
├── PriceChanged           409
├── IllegalTransition      409
├── QuantityExceeded       409  fewer units of a line can be shipped, canceled or returned
├── NotConfirmed           409  an order that is held cannot be shipped
├── HoldExpired            409  the stock of the order was taken back and sold
├── VersionConflict        409
├── RefundExceedsPaid      409
├── CreditExceedsDue       409  more would be credited than is due
├── PriceNotAllowed        403
├── IdempotencyKeyReused   422
├── ProductHeld            503  another transaction has locked a product for too long
├── AmbiguousName          409  several products have the name
└── SeveralLines           409  a change names one line, and the order has several
"""

from monoservices.api.problems import (
    Conflict,
    Invalid,
    KeyReused,
    MissingScope,
    NotFound,
    Problem,
    Unavailable,
)


class OrdersError(Problem):
    """The base of all errors of this service."""


class InvalidOrder(OrdersError, Invalid):
    pass


class UnknownProduct(OrdersError, Invalid):
    code = "unknown_product"
    default_detail = "There is no such product; see errors."


class UnknownLine(OrdersError, Invalid):
    code = "unknown_line"
    default_detail = "The order has no such line; see errors."


class KeyRequired(OrdersError, Invalid):
    code = "idempotency_key_required"
    default_detail = "Send an Idempotency-Key."


class OrderNotFound(OrdersError, NotFound):
    default_detail = "There is no such order."


class ShipmentNotFound(OrdersError, NotFound):
    default_detail = "There is no such shipment."


class ReturnNotFound(OrdersError, NotFound):
    default_detail = "There is no such return."


class OutOfStock(OrdersError, Conflict):
    code = "out_of_stock"
    default_detail = "There is not enough stock; see errors."
    product_ids: frozenset[int] = frozenset()
    """The products that are short."""


class ProductUnavailable(OrdersError, Conflict):
    code = "product_unavailable"
    default_detail = "A product is no longer sold; see errors."


class PriceChanged(OrdersError, Conflict):
    code = "price_changed"
    default_detail = "The order's total is not the expected one; see errors."


class IllegalTransition(OrdersError, Conflict):
    code = "illegal_transition"
    default_detail = "The order's status does not allow this."


class QuantityExceeded(OrdersError, Conflict):
    code = "quantity_exceeded"
    default_detail = "A line has fewer units; see errors."


class NotConfirmed(OrdersError, Conflict):
    code = "not_confirmed"
    default_detail = "The order is held; confirm it before you ship it."


class HoldExpired(OrdersError, Conflict):
    code = "hold_expired"
    default_detail = "The order was held too long; its stock was taken back and is gone."


class VersionConflict(OrdersError, Conflict):
    code = "version_conflict"
    default_detail = "The order has changed since it was read."


class RefundExceedsPaid(OrdersError, Conflict):
    code = "refund_exceeds_paid"
    default_detail = "Less is paid for the order than the refund; see errors."


class CreditExceedsDue(OrdersError, Conflict):
    code = "credit_exceeds_due"
    default_detail = "More would be credited than is due for the order; see errors."


class PriceNotAllowed(OrdersError, MissingScope):
    default_detail = (
        "A price other than the product's, and a charge that lowers the total, need the scope "
        "orders:price."
    )


class IdempotencyKeyReused(OrdersError, KeyReused):
    pass


class AmbiguousName(OrdersError, Conflict):
    code = "ambiguous_name"
    default_detail = "Several products have this name."


class SeveralLines(OrdersError, Conflict):
    code = "several_lines"
    default_detail = "The order has several lines; change them as lines."


class ProductHeld(OrdersError, Unavailable):
    default_detail = (
        "A product of this order, or the order that it replaces, has been locked for too long. "
        "Nothing was done; try again."
    )
