"""The errors of payments.

PaymentsError
├── IdempotencyKeyRequired  400  neither a key nor a provider's reference says what is a retry
├── OtherCurrency           400
├── OrderNotFound           404
├── PaymentExists           409  the provider's reference belongs to another payment
└── PaymentKeyReused        422
"""

from monoservices.api.problems import Conflict, Invalid, KeyReused, NotFound, Problem


class PaymentsError(Problem):
    """The base of all errors of this service."""


class IdempotencyKeyRequired(PaymentsError, Invalid):
    code = "idempotency_key_required"
    default_detail = "Send an Idempotency-Key, or a provider and a provider_reference."


class OtherCurrency(PaymentsError, Invalid):
    pass


class OrderNotFound(PaymentsError, NotFound):
    default_detail = "There is no such order."


class PaymentExists(PaymentsError, Conflict):
    code = "payment_exists"
    default_detail = "The provider's reference belongs to another payment or refund; see errors."


class PaymentKeyReused(PaymentsError, KeyReused):
    pass
