import csv
import io
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from msgspec import Struct

from monoservices.files.exporting import (
    PIECE_BYTES,
    Format,
    Pieces,
    csv_lines,
    export_response,
    in_pieces,
    json_lines,
)


class Item(Struct):
    name: str
    delta: int
    price: Decimal
    is_active: bool
    data: dict[str, Any]
    at: datetime
    note: str | None = None


ITEM = Item(
    name='=1,"x"',
    delta=-3,
    price=Decimal("9.90"),
    is_active=True,
    data={"a": [1]},
    at=datetime(2026, 1, 5, 10, tzinfo=UTC),
)


def test_a_row_of_csv() -> None:
    header, row = csv_lines(Item, [ITEM])
    assert header == b"name,delta,price,is_active,data,at,note\r\n"
    assert row == b'"\'=1,""x""",-3,9.90,true,"{""a"":[1]}",2026-01-05T10:00:00Z,\r\n'


def test_json_in_csv_runs_nowhere() -> None:
    _, row = csv_lines(Item, [Item(";=1", 0, Decimal(1), False, {"a": ";=1"}, ITEM.at)])
    [cells] = csv.reader([row.decode()])
    assert (cells[0], cells[4]) == (";'=1", '{"a":";\\u003d1"}')


def test_a_line_of_json() -> None:
    [line] = json_lines([ITEM])
    assert line == (
        b'{"name":"=1,\\"x\\"","delta":-3,"price":"9.90","is_active":true,"data":{"a":[1]},'
        b'"at":"2026-01-05T10:00:00Z","note":null}\n'
    )


@pytest.mark.parametrize("text", ["a\rb", "a\nb", "a\r\nb", 'a"b', "a,b", "'", " a ", "\t", ""])
def test_a_csv_reader_reads_every_text(text: str) -> None:
    _, row = csv_lines(Item, [Item(text, 0, Decimal(1), False, {}, ITEM.at)])
    [cells] = csv.reader(io.StringIO(row.decode(), newline=""), strict=True)
    assert cells[0] == ("'\t" if text == "\t" else text)


def test_lines_go_out_in_pieces() -> None:
    line = b"x" * 1_000
    pieces = list(in_pieces([line] * 200))
    assert [len(piece) for piece in pieces] == [2_000, *[9_000] * 22]
    assert len(pieces[1]) >= PIECE_BYTES
    assert list(in_pieces([])) == []


def test_an_answer_is_made_as_it_is_read() -> None:
    made: list[int] = []

    def pieces() -> Pieces:
        for number in range(10):
            made.append(number)
            yield b"x" * PIECE_BYTES

    answer = export_response(pieces(), file_format=Format.CSV, name="items")
    assert made == [0]
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="items.csv"'
    assert len(answer.getvalue()) == 10 * PIECE_BYTES
    assert made == [*range(10)]


def test_what_fails_at_once_fails_before_the_answer() -> None:
    nothing: dict[str, bytes] = {}
    pieces = (nothing[name] for name in ("missing",))
    with pytest.raises(KeyError):
        export_response(pieces, file_format=Format.CSV, name="items")


def test_an_amount_of_less_than_nothing_is_no_formula() -> None:
    class Row(Struct):
        amount: Decimal
        label: str

    lines = list(csv_lines(Row, [Row(Decimal("-2.00"), "-2.00")]))
    assert lines == [b"amount,label\r\n", b"-2.00,'-2.00\r\n"]
