"""Rules of goods: what left and what came back is there once, and orders follow from it."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from decimal import Decimal

from faults.mixed.history import Document, History, Keyed, Stored, StoredReturn, StoredShipment


def units_add_up(_: History, stored: Stored) -> Iterator[str]:
    """No unit leaves or comes back twice: lines say what shipments and returns sum to."""
    shipped, returned = _units(stored.shipments), _units(stored.returns)
    for key, order in stored.orders.items():
        for line in order.document["lines"]:
            says = line["shipped_quantity"], line["returned_quantity"]
            sums = shipped.pop(line["id"], 0), returned.pop(line["id"], 0)
            if says != sums:
                yield f"order {key}: line {line['id']} says {says}, shipments and returns {sums}"
            if says[0] + line["canceled_quantity"] > line["quantity"] or says[1] > says[0]:
                yield f"order {key}: more has become of line {line['id']} than it has: {line}"
    yield from (f"line {key} was shipped and is not there" for key in shipped)
    yield from (f"line {key} was returned and is not there" for key in returned)


def _units(rows: Iterable[StoredShipment | StoredReturn]) -> Counter[int]:
    """How many units they have together, by line."""
    units: Counter[int] = Counter()
    for row in rows:
        units.update(row.units)
    return units


def _answers(history: History, what: str) -> Iterator[tuple[Keyed, Document]]:
    """The requests of a kind that are done, with their answers."""
    for each in history.keyed:
        if each.what == what and each.told == "done":
            yield each, json.loads(each.answer)


def orders_follow_their_goods(_: History, stored: Stored) -> Iterator[str]:
    """Status, `partly_shipped` and `credited` of an order are what its goods make them."""
    under_way = Counter(row.order for row in stored.shipments if not row.has_arrived)
    credited: defaultdict[int, Decimal] = defaultdict(Decimal)
    for row in stored.returns:
        credited[row.order] += row.credit
        if row.credit != row.of_lines:
            yield f"return {row.id} credits {row.credit}, its lines {row.of_lines}"
    for key, order in stored.orders.items():
        document = order.document
        follows = _status(document, under_way[key])
        says = document["status"], document["partly_shipped"]
        if says != follows:
            yield f"order {key} is {says}, by its goods it is {follows}"
        if Decimal(document["credited"]) != credited[key]:
            yield f"order {key}: {document['credited']} credited, returns say {credited[key]}"


def _status(order: Document, under_way: int) -> tuple[str, bool]:
    """The status, and whether it is partly shipped."""
    lines = order["lines"]
    gone = any(line["shipped_quantity"] for line in lines)
    if order["status"] == "canceled":
        return "shipped" if gone else "canceled", False
    if any(x["quantity"] > x["shipped_quantity"] + x["canceled_quantity"] for x in lines):
        return "pending", gone
    return ("shipped" if under_way else "delivered") if gone else "canceled", False


def shipments_are_as_answered(history: History, stored: Stored) -> Iterator[str]:
    """An acknowledged shipment is stored with its units, and has arrived if that was told."""
    rows = {row.id: row for row in stored.shipments}
    for each, said in _answers(history, "shipment"):
        row = rows.get(said["id"])
        units = {line["line_id"]: line["quantity"] for line in said["lines"]}
        told = (each.key, each.order, units)
        if row is None or told != (row.key, row.order, dict(row.units)):
            yield f"shipment {each.key} was answered {said} and is {row}"
        elif said["status"] == "delivered" and not row.has_arrived:
            yield f"shipment {row.id} was shown as delivered and is under way"
    for key in history.delivered:
        if key not in rows or not rows[key].has_arrived:
            yield f"shipment {key} was delivered and is {rows.get(key)}"


def returns_are_as_answered(history: History, stored: Stored) -> Iterator[str]:
    """An acknowledged return is stored with its units and its credit."""
    rows = {row.id: row for row in stored.returns}
    for each, said in _answers(history, "return"):
        row, units = rows.get(said["id"]), Counter[int]()
        for line in said["lines"]:
            units[line["line_id"]] += line["quantity"]
        told = (each.key, each.order, Decimal(said["credit"]), units)
        if row is None or told != (row.key, row.order, row.credit, Counter(row.units)):
            yield f"return {each.key} was answered {said} and is {row}"


def goods_have_their_events(_: History, stored: Stored) -> Iterator[str]:
    """Each shipment and each return is one event of its order, at its version."""
    for kind, rows in (("shipped", stored.shipments), ("returned", stored.returns)):
        made = sorted((row.order, row.version) for row in rows)
        told = sorted(
            (key, event.version)
            for key, order in stored.orders.items()
            for event in order.events
            if event.type == kind
        )
        if made != told:
            odd = Counter(made)
            odd.subtract(told)
            yield f"{kind}: not one event each: {[each for each, n in odd.items() if n]}"


def goods_are_seen_as_they_were(history: History, stored: Stored) -> Iterator[str]:
    """Each version that was seen says what had been shipped, returned and credited by then."""
    shipments: defaultdict[int, list[StoredShipment]] = defaultdict(list)
    returns: defaultdict[int, list[StoredReturn]] = defaultdict(list)
    for sent in stored.shipments:
        shipments[sent.order].append(sent)
    for back in stored.returns:
        returns[back.order].append(back)
    for read in history.reads:
        if read.kind == "order" and read.version is not None:
            for order in read.documents:
                key, at = order["id"], read.version
                left = [row for row in shipments[key] if row.version <= at]
                came = [row for row in returns[key] if row.version <= at]
                credit = sum((row.credit for row in came), start=Decimal())
                goods = +_units(left), +_units(came), credit
                if (seen := _seen(order)) != goods:
                    yield f"order {key}: version {at} seen with {seen}, was {goods}"


def _seen(order: Document) -> tuple[Counter[int], Counter[int], Decimal]:
    shipped, returned = (
        +Counter({line["id"]: line[part] for line in order["lines"]})
        for part in ("shipped_quantity", "returned_quantity")
    )
    return shipped, returned, Decimal(order["credited"])
