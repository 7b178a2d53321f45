"""Other people's names for columns."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from apps.products.exceptions import UnusableFile
from apps.products.importing.reading.rows import COLUMNS

NO_MAPPING: Mapping[str, str] = MappingProxyType({})


def parse_mapping(texts: Iterable[str]) -> dict[str, str]:
    """The file's columns by our names, from texts such as `sku=Item no.`.

    Raises UnusableFile if a text is malformed, or its name is not a product's.
    """
    mapping: dict[str, str] = {}
    for text in texts:
        name, equals, column = text.partition("=")
        if name not in COLUMNS or not equals or not column:
            known = ", ".join(COLUMNS)
            raise UnusableFile(f"{text!r} is not NAME=COLUMN with a NAME of {known}.")
        if name in mapping:
            raise UnusableFile(f"{name} is mapped twice.")
        mapping[name] = column
    return mapping


def columns_by_name(mapping: Mapping[str, str]) -> dict[str, str]:
    """The file's column for each of our names: the column of the same name unless it is mapped."""
    return {name: mapping.get(name, name) for name in COLUMNS}
