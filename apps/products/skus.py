"""Finding products by a part of their SKU."""

from collections.abc import Collection
from typing import Any

from monoservices.database.engines import Engine, engine
from monoservices.database.statements import enqueue

INDEX = "product_by_part_of_sku"


def ids_by_part_of_sku(*, texts: Collection[str]) -> dict[str, list[int]]:
    """For each text, the ids of the products whose SKU contains it, in any case; in no order.

    One statement for each text.
    """
    pending = {text: enqueue(*_statement(text), columns=1) for text in dict.fromkeys(texts)}
    return {text: [key for (key,) in rows.fetch()] for text, rows in pending.items()}


def index_of_skus(engine: Engine) -> list[str]:
    """Statements that create the index, where the database has such indexes."""
    return [*engine.part_index(INDEX, table="products_product", expression="sku")]


def _statement(text: str) -> tuple[str, list[Any]]:
    may_contain, index_parameters = engine().may_contain("p.sku", text)
    contains, parameters = engine().contains("p.sku", text)
    sql = f"SELECT p.id FROM products_product AS p WHERE {may_contain} AND {contains}"  # noqa: S608
    return sql, [*index_parameters, *parameters]
