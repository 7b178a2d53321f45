"""Enqueued statements on the table `notes` of the tests."""

from django.db import connection

from monoservices.database.engines import engine
from monoservices.database.statements import PendingRows, enqueue


def write(number: int, text: str | None = None) -> PendingRows:
    return enqueue(
        "INSERT INTO notes (number, text) VALUES (CAST(%s AS integer), CAST(%s AS text))",
        [number, text],
    )


def read(number: int) -> PendingRows:
    return enqueue("SELECT text FROM notes WHERE number = CAST(%s AS integer)", [number])


def write_together(*numbers: int) -> None:
    with engine().pipelined_transaction():
        for number in numbers:
            write(number)


def numbers() -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT number FROM notes ORDER BY number")
        return [number for (number,) in cursor.fetchall()]


def echo(value: str | int | None, kind: str = "text") -> PendingRows:
    return enqueue(f"SELECT CAST(%s AS {kind})", [value])
