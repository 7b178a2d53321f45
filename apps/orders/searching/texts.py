"""The index of references and e-mail addresses, and the stretches of ids that it knows.

It has only orders with a reference or an e-mail address, so others cost nothing. On SQLite there is
no index.
"""

from collections.abc import Sequence

from monoservices.database.engines import Engine
from monoservices.database.trigrams import Condition

INDEX = "order_by_part_of_text"
PENDING_KILOBYTES = 1024
"""How much of the index waits to be sorted in, by the order that finds it full: 20 ms for about 700
orders. Less makes orders dearer and searches cheaper, because each look-up reads all that waits."""
SHORT, LONG = 11, 16
"""How many orders a stretch has, as powers of two."""
SHORT_IN_LONG = 1 << LONG - SHORT

TEXT = "orders_order.reference || '\n' || orders_order.customer_email"
HAS_TEXT = "(orders_order.reference <> '' OR orders_order.customer_email <> '')"
_IS_SHORT = f"{1 << 52}::bigint"
"""Added to the numbers of short stretches, so that no long one has the same. Owners are below 0."""
_STRETCHES = (
    f"ARRAY[orders_order.id >> {LONG}, (orders_order.id >> {SHORT}) | {_IS_SHORT},"
    " -1 - orders_order.client_id]"
)


def index_of_texts(engine: Engine) -> Sequence[str]:
    """Statements that create the index, where the database has such indexes."""
    return engine.part_index(
        INDEX,
        table="orders_order",
        expression=TEXT,
        beside=[_STRETCHES],
        condition=HAS_TEXT,
        kilobytes=PENDING_KILOBYTES,
    )


LONG_OF_SHORT = f"{{}} / {SHORT_IN_LONG}"
SHORT_OF_SHORT = f"{{}} | {_IS_SHORT}"
"""What the index calls the long stretch and the short one, by the number of the short one."""


def within(stretch: str, *, owner: int | None) -> Condition:
    """A condition for the index: orders of a stretch, of an owner, or both.

    stretch: SQL for what the index calls it, or "". owner: a client's id.
    """
    wanted = [stretch] if stretch else []
    if owner is not None:
        wanted.append("-1 - CAST(%s AS bigint)")
    condition = f"{_STRETCHES} @> ARRAY[{', '.join(wanted)}]::bigint[]" if wanted else "TRUE"
    return condition, [] if owner is None else [owner]
