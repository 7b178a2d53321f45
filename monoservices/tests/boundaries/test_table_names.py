"""The finder of tables in SQL that the guard and the rules share."""

import pytest

from monoservices.boundaries.analysis.table_names import TableNames

NAMES = TableNames(["shop_item", "shop_item_tags", "order", "Stock_Move"])


@pytest.mark.parametrize(
    ("sql", "tables"),
    [
        ("SELECT * FROM shop_item, shop_item_tags", {"shop_item", "shop_item_tags"}),
        ('SELECT * FROM public."SHOP_ITEM"', {"shop_item"}),
        ("DELETE FROM stock_move", {"Stock_Move"}),
        ("SELECT shop_item$, my_shop_item, shop_items", set()),
        ("SELECT 'shop_item', 'it''s shop_item'", set()),
        ("SELECT 1 -- shop_item\n/* shop_item */", set()),
        ("SELECT * FROM shop_item ORDER BY id", {"shop_item"}),
        ('SELECT "order" FROM shop_item AS o', {"shop_item"}),
        ("SELECT * FROM order", {"order"}),
        ('UPDATE ONLY "order" SET x = 1', {"order"}),
        ('TRUNCATE public."order"', {"order"}),
        ('SELECT * FROM shop_item, "order" WHERE "order".id = 1', {"shop_item", "order"}),
        ("", set()),
    ],
)
def test_tables_in_sql(sql: str, tables: set[str]) -> None:
    assert NAMES.named_in(sql) == tables


def test_without_tables_nothing_is_found() -> None:
    assert TableNames([]).named_in("SELECT * FROM shop_item") == set()
