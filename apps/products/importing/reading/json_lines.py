"""JSON Lines (https://jsonlines.org/): an object per line, with the names of products."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from apps.products.importing.reading.rows import COLUMNS, TEXTS, Row, columns_by_name
from monoservices.api.problems import Invalid, Problem
from monoservices.api.strict_json import refuse_duplicate_keys, refuse_many_values
from monoservices.files.lines import RecordTooLong, TextLines


class JsonLinesFile:
    """The products of a JSON Lines file. Other names are ignored.

    null means the same as a missing name. Where text is expected, a number is read as its text: a
    price of 9.99 is "9.99", exactly, since doubles keep 15 digits and prices have 10.
    """

    def __init__(self, lines: TextLines, mapping: Mapping[str, str]) -> None:
        self._lines = lines
        self._keys = columns_by_name(mapping)
        self.header = list(COLUMNS)

    def __iter__(self) -> Iterator[Row]:
        while True:
            self._lines.begin_record()
            fields: dict[str, Any] = {}
            problem = ""
            try:
                text = next(self._lines)
                if not text.strip():
                    continue
                fields = self._fields(text)
            except StopIteration:
                return
            except RecordTooLong as error:
                problem = f"{error}."
            except Invalid as error:
                problem = str(error)
            line, size = self._lines.number, self._lines.record_size
            yield Row(line=line, size=size, fields=fields, problem=problem)

    def _fields(self, text: str) -> dict[str, Any]:
        """The values of the line's object, by our names. Raises Invalid if there is none."""
        if not self._lines.is_utf8:
            raise Invalid("It is not UTF-8.")
        line = text.encode()
        try:
            refuse_many_values(line)
            value = msgspec.json.decode(line)
            refuse_duplicate_keys(line)
        except msgspec.MsgspecError as error:
            raise Invalid(f"This is not JSON: {error}.") from None
        except RecursionError:
            raise Invalid("It is nested too deeply.") from None
        except Problem as error:
            twice = ", ".join(error.errors)
            raise Invalid(f"A name comes twice: {twice}." if twice else str(error)) from None
        if not isinstance(value, dict):
            raise Invalid("Expected an object, such as {…}.")
        fields = {name: value.get(key) for name, key in self._keys.items()}
        return {name: _text(name, each) for name, each in fields.items() if each is not None}


def _text(name: str, value: Any) -> Any:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return str(value) if is_number and name in TEXTS else value
