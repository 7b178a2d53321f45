"""What `make run` does for this service: it pays orders, and shows how to record a payment."""

from apps.payments.demo import seed_payments
from apps.payments.models import Payment


def fill() -> None:
    """Pay orders of the demo in a shop that has no payments yet."""
    if not Payment.objects.exists():
        seed_payments()


def first_steps(*, address: str, key: str) -> str:
    """Nothing: the terminal says how to place an order, and the first page what comes next."""
    return ""


def first_command(*, address: str, key: str) -> tuple[str, str, str]:
    """A title, a command that records a payment for the first order, and what comes of it."""
    payment = (
        '{"amount": "1.00", "method": "card", "provider": "demo", "provider_reference": "first"}'
    )
    words = (
        f"curl -i {address}/api/v1/orders/1/payments/",
        f"-H 'Authorization: Bearer {key}'",
        "-H 'Content-Type: application/json'",
        f"-d '{payment}'",
    )
    result = (
        "The answer is 201 Created, with the payment and what is paid for the order now. If you "
        "send the command again, you get the same payment, because the provider's reference is the "
        "same."
    )
    return "Record a payment", " \\\n  ".join(words), result
