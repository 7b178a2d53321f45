"""Rules of stock: the ledger adds up, and orders take what they say."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import accumulate
from math import inf
from typing import Any

from faults.mixed.history import Document, History, Movement, Read, Stored


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
    """Both quantities of a product are sums of its movements, and no sale leaves less than 0."""
    rows: dict[int, list[Movement]] = defaultdict(list)
    for row in stored.movements:
        rows[row.product_id].append(row)
    for key, product in stored.products.items():
        moved = rows[key]
        for name, deltas, left in (
            ("stock_quantity", [row.delta for row in moved], [row.quantity_after for row in moved]),
            (
                "committed_quantity",
                [row.committed_delta for row in moved],
                [row.committed_after for row in moved],
            ),
        ):
            sums = list(accumulate(deltas))
            if left != sums:
                yield f"product {key}: what movements leave of {name} is not their sum"
            if product[name] != (sums[-1] if sums else 0):
                yield f"product {key}: its {name} is {product[name]}, not the sum"
    counted = {each.key: each.counted for each in history.keyed if each.counted is not None}
    for row in stored.movements:
        if row.reason == "sold" and row.quantity_after < 0:
            yield f"product {row.product_id} was oversold: {row.quantity_after}"
        if row.on_hand_after < 0 or row.committed_after < 0:
            yield f"product {row.product_id} has less than nothing on the shelf"
        if row.key in counted and row.on_hand_after != counted[row.key]:
            yield f"product {row.product_id}: counted {counted[row.key]}, is {row.on_hand_after}"


def orders_take_their_stock(_: History, stored: Stored) -> Iterator[str]:
    """An order has moved what its lines say, or nothing if it is canceled; each move once.

    It commits what is open of its lines. What came back to be sold again is put back.
    """
    moved: dict[str, Counter[int]] = defaultdict(Counter)
    committed: dict[str, Counter[int]] = defaultdict(Counter)
    once: Counter[Any] = Counter()
    for row in stored.movements:
        if row.reference:
            moved[row.reference][row.product_id] -= row.delta
            committed[row.reference][row.product_id] += row.committed_delta
            once[row.reference, row.product_id, row.reason, row.revision] += 1
    yield from (f"{subject} moved {count} times" for subject, count in once.items() if count > 1)
    restocked: Counter[int] = Counter()
    for each in stored.returns:
        restocked.update(each.restocked)
    for key, order in stored.orders.items():
        wanted, promised = _units(order.document, restocked)
        if wanted != (found := moved.pop(f"order:{key}", Counter())):
            yield f"order {key} has moved {dict(found)}, not {dict(wanted)}"
        if promised != (found := committed[f"order:{key}"]):
            yield f"order {key} commits {dict(found)}, not {dict(promised)}"
    yield from (f"{reference} moved stock and is no order" for reference in moved)


def _units(order: Document, restocked: Counter[int]) -> tuple[Counter[int], Counter[int]]:
    """What an order has taken and what it commits, by product. restocked: units, by line."""
    taken: Counter[int] = Counter()
    open_units: Counter[int] = Counter()
    if order["status"] != "canceled":
        for line in order["lines"]:
            kept = line["quantity"] - line["canceled_quantity"]
            taken[line["product_id"]] += kept - restocked[line["id"]]
            open_units[line["product_id"]] += kept - line["shipped_quantity"]
    return taken, open_units
