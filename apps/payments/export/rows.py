"""Payments as rows of a file. Only reads."""

from collections.abc import Iterable, Iterator
from typing import Any

from apps.payments.models import PaymentQuerySet
from apps.payments.serializers import PAYMENT_COLUMNS, PaymentOut, payment_out
from monoservices.files.exporting import Format, Pieces, csv_lines, export_pieces, json_lines


def export_payments(payments: PaymentQuerySet, *, file_format: Format) -> Pieces:
    """Payments and refunds by id, oldest first. One statement."""

    def lines(found: Iterable[dict[str, Any]]) -> Iterator[bytes]:
        rows = map(payment_out, found)
        return csv_lines(PaymentOut, rows) if file_format is Format.CSV else json_lines(rows)

    return export_pieces(payments.with_notes().order_by("pk").values(*PAYMENT_COLUMNS), lines)
