"""Rules of stock: the ledger adds up, and orders take what they say."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import accumulate
from math import inf
from typing import Any

from faults.mixed.history import History, Movement, Read, Stored


def torn_lists(history: History, stored: Stored) -> Iterator[str]:
    """Stock that moves between products is nowhere missing or double, wherever all are shown."""
    end = Read("product", inf, inf, list(stored.products.values()))
    for read in [*history.reads, end]:
        shown = {each["id"]: each for each in read.documents} if read.kind == "product" else {}
        if history.transfers and history.transfers <= shown.keys():
            found = sum(shown[key]["stock_quantity"] for key in history.transfers)
            if found != history.transfers_sum:
                yield f"{found} units where {history.transfers_sum} move, at {read.begin:.3f}"


def ledger_adds_up(history: History, stored: Stored) -> Iterator[str]:
    """The stock of a product is the sum of its movements, at each of them, and never below 0."""
    rows: dict[int, list[Movement]] = defaultdict(list)
    for row in stored.movements:
        rows[row.product_id].append(row)
    for key, product in stored.products.items():
        sums = list(accumulate(row.delta for row in rows[key]))
        if [row.quantity_after for row in rows[key]] != sums:
            yield f"product {key}: the quantities are not the sums of the movements"
        if product["stock_quantity"] != (sums[-1] if sums else 0):
            yield f"product {key}: {product['stock_quantity']} in stock, not the sum"
        if min(sums, default=0) < 0:
            yield f"product {key} was oversold: {min(sums)}"
    counted = {each.key: each.counted for each in history.keyed if each.counted is not None}
    for row in stored.movements:
        if row.key in counted and row.quantity_after != counted[row.key]:
            yield f"product {row.product_id}: counted {counted[row.key]}, is {row.quantity_after}"


def orders_take_their_stock(_: History, stored: Stored) -> Iterator[str]:
    """An order has moved what its lines say, or nothing if it is canceled; each move once."""
    moved: dict[str, Counter[int]] = defaultdict(Counter)
    once: Counter[Any] = Counter()
    for row in stored.movements:
        if row.reference:
            moved[row.reference][row.product_id] -= row.delta
            once[row.reference, row.product_id, row.reason, row.revision] += 1
    yield from (f"{subject} moved {count} times" for subject, count in once.items() if count > 1)
    for key, order in stored.orders.items():
        wanted: Counter[int] = Counter()
        if order.document["status"] != "canceled":
            for line in order.document["lines"]:
                wanted[line["product_id"]] += line["quantity"]
        if wanted != (found := moved.pop(f"order:{key}", Counter())):
            yield f"order {key} has moved {dict(found)}, not {dict(wanted)}"
    yield from (f"{reference} moved stock and is no order" for reference in moved)
