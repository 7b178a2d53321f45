"""What orders relies on: the same expectations for the real communication module and its fake."""

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from inspect import isfunction
from threading import setprofile
from types import FrameType
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from msgspec import structs
from pytest_django import DjangoAssertNumQueries

from apps.orders import microservice_communication
from apps.orders.books.audit import audit
from apps.orders.microservice_communication import (
    Moved,
    OpenCommitment,
    ProductSnapshot,
    StockDiscrepancy,
    StockMove,
)
from apps.orders.operations import OrderChange, cancel_order, change_order
from apps.orders.tests import fake_communication
from apps.orders.tests.factories import line, make_order
from apps.orders.tests.product_rows import (
    MOVEMENT,
    PRODUCT,
    add_movement,
    committed,
    in_stock,
    ledger,
    make_product,
    read_product,
    set_product,
)
from monoservices.api.problems import Conflict, Invalid, NotFound
from monoservices.api.types import MAX_INTEGER
from monoservices.database.fingerprints import GROUP_SIZE, PRIME, take_fingerprints
from monoservices.testing.fakes import faked, public_names
from monoservices.testing.rows import rows_of

pytestmark = pytest.mark.django_db


@pytest.fixture(params=[microservice_communication, fake_communication], ids=["real", "fake"])
def communication(request: pytest.FixtureRequest) -> Any:
    """A module with the crossings of orders."""
    return request.param


@pytest.fixture
def mug() -> ProductSnapshot:
    return make_product(name="Blue Mug", price="9.90", stock=10, sku="MUG")


@pytest.fixture
def pot() -> ProductSnapshot:
    return make_product(name="Tea Pot", price="0.07", stock=0, sku="POT", is_active=False)


def move(product: ProductSnapshot, delta: int, **fields: Any) -> StockMove:
    values: dict[str, Any] = {"reference": "order:7", "revision": 1, "actor": "client:3"}
    values |= {"reason": "sold" if delta < 0 else "released", "committed_delta": -delta}
    return StockMove(product_id=product.id, delta=delta, **values | fields)


def test_every_crossing_has_expectations_here() -> None:
    crossings = [
        name
        for name in public_names(microservice_communication)
        if isfunction(getattr(microservice_communication, name))
    ]
    untested = [
        name for name in crossings if not any(each.startswith(f"test_{name}") for each in globals())
    ]
    assert untested == []


# Products


def test_read_products(
    communication: Any,
    mug: ProductSnapshot,
    pot: ProductSnapshot,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    with django_assert_num_queries(1):
        products = communication.read_products(ids={mug.id, 2**62}, skus=["POT", "MUG", "NONE"])
    assert products == [
        ProductSnapshot(mug.id, "MUG", "Blue Mug", Decimal("9.90"), 10, is_active=True),
        ProductSnapshot(pot.id, "POT", "Tea Pot", Decimal("0.07"), 0, is_active=False),
    ]
    assert [str(product.price) for product in products] == ["9.90", "0.07"]
    assert [product.is_active for product in products] == [True, False]
    assert communication.read_products() == []


@pytest.mark.parametrize(("lock", "statements"), [("wait", 1), ("skip", 2)])
def test_read_products_locked(
    communication: Any,
    mug: ProductSnapshot,
    pot: ProductSnapshot,
    django_assert_num_queries: DjangoAssertNumQueries,
    lock: str,
    statements: int,
) -> None:
    """In the order of the ids, whatever the order in which they are asked for."""
    with django_assert_num_queries(statements):
        assert communication.read_products(ids=[pot.id, mug.id], lock=lock) == [mug, pot]


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite locks no rows")
@pytest.mark.django_db(transaction=True)
def test_read_products_that_somebody_else_has_locked(
    communication: Any, mug: ProductSnapshot, pot: ProductSnapshot
) -> None:
    def read() -> list[ProductSnapshot]:
        try:
            with transaction.atomic():
                products: list[ProductSnapshot] = communication.read_products(
                    ids=[mug.id, pot.id], lock="skip"
                )
                return products
        finally:
            connection.close()

    with ThreadPoolExecutor() as executor, transaction.atomic():
        communication.read_products(ids=[mug.id], lock="wait")
        held = {each.id: each.is_held for each in executor.submit(read).result()}
    assert held == {mug.id: True, pot.id: False}


def test_get_product_by_id(
    communication: Any, mug: ProductSnapshot, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(1):
        assert communication.get_product_by_id(mug.id) == mug
    assert communication.get_product_by_id(mug.id + 1) is None


def test_product_ids_by_part_of_sku(
    communication: Any,
    mug: ProductSnapshot,
    pot: ProductSnapshot,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    odd = make_product(sku="a%b_c\\d \u00c4-1")
    with django_assert_num_queries(1):
        found = communication.product_ids_by_part_of_sku(texts=["Mug"])
    assert found == {"Mug": [mug.id]}
    texts = ["pot", "%b_", "___", "%%%", "C\\D", "\u00e4-1", "MUGS", "d \u00c4"]
    found = communication.product_ids_by_part_of_sku(texts=texts)
    assert found == {
        "pot": [pot.id],
        "%b_": [odd.id],
        "___": [],
        "%%%": [],
        "C\\D": [odd.id],
        "\u00e4-1": [odd.id],
        "MUGS": [],
        "d \u00c4": [odd.id],
    }
    assert communication.product_ids_by_part_of_sku(texts=[]) == {}


def test_get_products_by_name(
    communication: Any,
    mug: ProductSnapshot,
    pot: ProductSnapshot,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    with django_assert_num_queries(0):
        products = communication.get_products_by_name("TEA")
    with django_assert_num_queries(1):
        assert list(products) == [pot]
        assert (len(products), products[0]) == (1, pot)
    assert list(communication.get_products_by_name()) == [mug, pot]
    assert list(communication.get_products_by_name("cup")) == []


def test_get_products_named(
    communication: Any, mug: ProductSnapshot, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    make_product(name="Blue Mug", is_active=False)
    make_product(name="Blue Mug with handle")
    with django_assert_num_queries(1):
        assert communication.get_products_named(name="Blue Mug") == [mug]
    assert communication.get_products_named(name="blue mug") == []


def test_create_demo_products(communication: Any) -> None:
    communication.create_demo_products()
    products = communication.get_products_by_name()
    assert len(products) == len({each.sku for each in products}) == 60
    assert {(each.is_active, each.stock_quantity > 0) for each in products} == {(True, True)}
    assert list(communication.audit_stock()) == []
    with pytest.raises(Conflict), transaction.atomic():
        communication.create_demo_products()
    assert rows_of(PRODUCT).count() == 60


# Stock


def test_take_stock(communication: Any, mug: ProductSnapshot) -> None:
    pen = make_product(name="Pen", price="1.00", stock=3)
    moves = [move(pen, -3), move(mug, -2), move(mug, 1), move(mug, -4, revision=2)]
    communication.take_stock(moves=moves, prices={mug.id: Decimal("9.9"), pen.id: Decimal(1)})
    assert (in_stock(mug), in_stock(pen)) == (5, 0)
    assert (committed(mug), committed(pen)) == (5, 3)
    columns = ["product_id", "delta", "quantity_after", "committed_delta", "committed_after"]
    columns += ["reason", "reference", "revision", "actor"]
    written = rows_of(MOVEMENT).exclude(reason="received")
    assert list(written.values_list(*columns)) == [
        (pen.id, -3, 0, 3, 3, "sold", "order:7", 1, "client:3"),
        (mug.id, -2, 8, 2, 2, "sold", "order:7", 1, "client:3"),
        (mug.id, 1, 9, -1, 1, "released", "order:7", 1, "client:3"),
        (mug.id, -4, 5, 4, 5, "sold", "order:7", 2, "client:3"),
    ]
    shipped = move(mug, 0, reason="shipped", committed_delta=-5, revision=3)
    communication.take_stock(moves=[shipped])
    assert (in_stock(mug), committed(mug)) == (5, 0)
    assert list(communication.audit_stock()) == []


@pytest.mark.parametrize("units", [1, 10])
def test_take_stock_ships_no_more_than_is_committed(
    communication: Any, mug: ProductSnapshot, units: int
) -> None:
    shipped = move(mug, 0, reason="shipped", committed_delta=-units)
    with pytest.raises(IntegrityError), transaction.atomic():
        communication.take_stock(moves=[shipped])
    assert (in_stock(mug), committed(mug), len(ledger())) == (10, 0, 1)


def test_take_stock_without_prices_takes_what_is_archived(
    communication: Any, pot: ProductSnapshot
) -> None:
    set_product(pot, stock_quantity=5)
    communication.take_stock(moves=[move(pot, -5)])
    assert (in_stock(pot), committed(pot), read_product(pot.id).is_active) == (0, 5, False)


MUGS_PRICE = Decimal("9.90")


@pytest.mark.parametrize(
    ("deltas", "price", "changed"),
    [
        ([-11], MUGS_PRICE, {}),
        ([-4, -7], MUGS_PRICE, {}),
        ([-11, 5], MUGS_PRICE, {}),  # the first movement would leave less than nothing
        ([-1], MUGS_PRICE, {"price": Decimal("9.91")}),
        ([-1], MUGS_PRICE, {"is_active": False}),
    ],
)
def test_take_stock_is_refused(
    communication: Any,
    mug: ProductSnapshot,
    deltas: list[int],
    price: Decimal,
    changed: dict[str, Any],
) -> None:
    pen = make_product(price="1.00", stock=3)
    set_product(mug, **changed or {"price": price})
    moves = [move(pen, -1), *(move(mug, each, revision=n) for n, each in enumerate(deltas))]
    prices = {mug.id: price, pen.id: Decimal("1.00")}
    before = ledger()
    with pytest.raises(IntegrityError), transaction.atomic():
        communication.take_stock(moves=moves, prices=prices)
    assert (in_stock(mug), in_stock(pen), ledger()) == (10, 3, before)


def test_take_stock_of_no_product_is_refused(communication: Any, mug: ProductSnapshot) -> None:
    missing = structs.replace(move(mug, -1), product_id=mug.id + 1)
    with pytest.raises(IntegrityError), transaction.atomic():
        communication.take_stock(moves=[move(mug, -1), missing])
    assert (in_stock(mug), len(ledger())) == (10, 1)


def test_take_stock_happens_once_for_a_version(communication: Any, mug: ProductSnapshot) -> None:
    communication.take_stock(moves=[move(mug, -1)])
    with pytest.raises(IntegrityError), transaction.atomic():
        communication.take_stock(moves=[move(mug, -2)])
    communication.take_stock(moves=[move(mug, -2, revision=2)])
    assert in_stock(mug) == 7


# The books


def test_sum_movements(
    communication: Any, mug: ProductSnapshot, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    pen = make_product(stock=3)
    communication.take_stock(moves=[move(mug, -2), move(mug, 1), move(pen, -3)])
    communication.take_stock(moves=[move(mug, -1, reference="order:8")])
    with django_assert_num_queries(1):
        sums = communication.sum_movements(references=["order:7", "order:9", ""])
    assert sums == {("order:7", mug.id): Moved(-1, 1), ("order:7", pen.id): Moved(-3, 3)}
    add_movement(mug.id, -2, 5, reason="sold", reference="order:9", committed_delta=None)
    assert communication.sum_movements(references=["order:9"]) == {
        ("order:9", mug.id): Moved(-2, 0)  # from before there were two quantities
    }


def test_fingerprint_movements(communication: Any, mug: ProductSnapshot) -> None:
    """Those of the real module are those of rows with the sums."""
    pen = make_product(stock=3)
    far = 10**17
    sold: dict[str, Any] = {"reason": "sold", "committed_delta": 1}
    for number in (1, 17, 17, far, "017", "x", "", 10**18):
        add_movement(mug.id, -1, 9, reference=f"order:{number}", revision=len(ledger()), **sold)
    add_movement(mug.id, -1, 9, reference="return:7", revision=1, **sold)
    add_movement(mug.id, -1, 9, reference="Order:7", revision=1, **sold)
    add_movement(pen.id, -2, 1, reference="order:17", revision=1, **sold | {"committed_delta": 2})
    old = {"committed_delta": None, "committed_after": None}
    add_movement(pen.id, -2, 1, reference="order:1", revision=1, reason="sold", **old)
    shipped: dict[str, Any] = {"reason": "shipped", "committed_delta": -1}
    add_movement(mug.id, 0, 9, reference="order:17", revision=2, **shipped)
    sums = [(1, mug.id, -1), (17, mug.id, -2), (17, pen.id, -2), (far, mug.id, -1)]
    sums += [(1, pen.id, -2), (1, -pen.id, -2), (17, -mug.id, -1)]  # negative: what left the shelf
    rows = " UNION ALL ".join(
        f"SELECT CAST({order_id} AS bigint) AS id, {product_id} AS other_id, {units} AS units"
        for order_id, product_id, units in sums
    )
    expected = list(take_fingerprints(rows, seed=7))
    found = list(communication.fingerprint_movements(prefix="order:", seed=7))
    assert [(each.number, each.bits) for each in found] == [
        (0, 0b10),
        (1, 0b10),
        (far // GROUP_SIZE, 1 << far % GROUP_SIZE),
    ]
    assert [each.total % PRIME for each in found] == [each.total % PRIME for each in expected]
    assert len({each.total % PRIME for each in found}) == 3


@pytest.mark.parametrize("name", ["fingerprint_movements", "references_without_number"])
def test_all_movements_are_read_in_one_statement(
    name: str, mug: ProductSnapshot, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    options = {"seed": 7} if name == "fingerprint_movements" else {}
    with django_assert_num_queries(1):
        list(getattr(microservice_communication, name)(prefix="order:", **options))


def test_references_without_number(communication: Any, mug: ProductSnapshot) -> None:
    texts = [
        "7",
        str(10**17),
        "07",
        "0",
        "",
        "-7",
        "7 ",
        "7x",
        "\N{ARABIC-INDIC DIGIT SEVEN}",
        "9" * 19,
        "%s",
    ]
    for number, text in enumerate(texts):
        add_movement(mug.id, -1, 9, reference=f"order:{text}", revision=number)
    add_movement(mug.id, -1, 9, reference="elsewhere", revision=1)
    assert communication.references_without_number(prefix="order:") == {
        f"order:{text}" for text in texts[2:]
    }


def test_audit_stock(
    communication: Any, mug: ProductSnapshot, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    pen = make_product(sku="PEN", stock=3)
    with django_assert_num_queries(2):
        assert list(communication.audit_stock()) == []
    set_product(mug, stock_quantity=9)
    add_movement(pen.id, -1, 2)
    add_movement(pen.id, 1, 4)
    assert list(communication.audit_stock()) == [
        StockDiscrepancy(
            f"Product {mug.id} (MUG): 9 in stock, but its movements sum to 10.", mug.id
        ),
        StockDiscrepancy(
            f"Product {pen.id} (PEN): 3 in stock, but its newest movement left 4.", None
        ),
    ]


def test_audit_stock_of_what_is_committed(communication: Any, mug: ProductSnapshot) -> None:
    cup, pen = make_product(sku="CUP", stock=3), make_product(sku="PEN", stock=3)
    communication.take_stock(moves=[move(mug, -2), move(cup, -1)])
    add_movement(mug.id, 1, 9, reason="received", committed_delta=None, committed_after=None)
    add_movement(mug.id, -1, 8, committed_delta=None, committed_after=None)  # from before
    assert list(communication.audit_stock()) == []
    set_product(mug, committed_quantity=1)
    add_movement(cup.id, 0, 2, committed_delta=1, committed_after=2)
    add_movement(cup.id, 0, 2, committed_delta=-1, committed_after=0)
    set_product(pen, stock_quantity=2, committed_quantity=1)
    found = [(each.text, each.product_id) for each in communication.audit_stock()]
    assert found == [
        (f"Product {mug.id} (MUG): 1 committed, but its movements sum to 2.", mug.id),
        (f"Product {cup.id} (CUP): 1 committed, but its newest movement left 0.", None),
        (f"Product {pen.id} (PEN): 2 in stock, but its movements sum to 3.", pen.id),
        (f"Product {pen.id} (PEN): 1 committed, but its movements sum to 0.", pen.id),
    ]


def test_open_commitments(communication: Any, mug: ProductSnapshot) -> None:
    pen = make_product(sku="PEN", stock=3)
    communication.take_stock(moves=[move(mug, -1, reference="order:8")])
    old = {"committed_delta": None, "committed_after": None}
    add_movement(mug.id, -2, 7, reason="sold", reference="order:7", revision=1, **old)
    set_product(mug, stock_quantity=7)
    commitments = [
        OpenCommitment(product_id=product_id, units=units, reference=reference, revision=4)
        for product_id, units, reference in [
            (mug.id, 2, "order:7"),
            (mug.id, 1, "order:8"),  # committed already, when it was sold
            (mug.id, 3, "order:9"),
            (pen.id, 3, "order:9"),
        ]
    ]
    for _ in range(2):
        communication.open_commitments(commitments=commitments)
        assert (in_stock(mug), committed(mug)) == (7, 6)
        assert (in_stock(pen), committed(pen)) == (3, 3)
    columns = ("product_id", "delta", "quantity_after", "committed_delta", "committed_after")
    opened = rows_of(MOVEMENT).filter(reason="opened").order_by("product_id", "pk")
    assert list(opened.values_list(*columns, "reference", "revision")) == [
        (mug.id, 0, 7, 2, 3, "order:7", 4),
        (mug.id, 0, 7, 3, 6, "order:9", 4),
        (pen.id, 0, 3, 3, 3, "order:9", 4),
    ]
    assert set(opened.values_list("actor", "note")) == {
        ("command line", "committed when stock got its second quantity")
    }
    assert list(communication.audit_stock()) == []


@pytest.mark.parametrize(
    ("ledger_has", "delta", "left"),
    [
        (10, -3, 7),  # nothing has left yet
        (13, -3, 10),  # what is missing has left already
        (12, -3, 9),
        (15, -3, 10),
        (10, 3, 13),
        (7, 3, 10),  # what is missing has come back already
        (13, 3, 13),
    ],
)
def test_correct_reference(
    communication: Any, mug: ProductSnapshot, ledger_has: int, delta: int, left: int
) -> None:
    if ledger_has != 10:
        add_movement(mug.id, ledger_has - 10, 10)
    for revision in (1, 2):
        communication.correct_reference(
            reference="order:7", deltas={mug.id: Moved(delta)}, note="n", actor="a"
        )
        newest = rows_of(MOVEMENT).filter(reference="order:7").last()
        assert newest is not None
        if revision == 1:
            assert (in_stock(mug), newest["quantity_after"]) == (left, left)
        assert (newest["delta"], newest["reason"], newest["revision"]) == (
            delta,
            "corrected",
            revision,
        )
        assert (newest["note"], newest["actor"]) == ("n", "a")


@pytest.mark.parametrize(
    ("ledger_has", "delta", "left"),
    [(4, -3, 1), (4, 3, 7), (7, -3, 4), (6, -3, 3), (1, 3, 4), (7, 3, 7)],
)
def test_correct_reference_of_what_is_committed(
    communication: Any, mug: ProductSnapshot, ledger_has: int, delta: int, left: int
) -> None:
    communication.take_stock(moves=[move(mug, -4)])
    if ledger_has != 4:
        add_movement(mug.id, 0, 6, committed_delta=ledger_has - 4, committed_after=4)
    deltas = {mug.id: Moved(0, delta)}
    communication.correct_reference(reference="order:7", deltas=deltas)
    newest = rows_of(MOVEMENT).last()
    assert newest is not None
    assert (in_stock(mug), committed(mug), newest["committed_after"]) == (6, left, left)
    assert (newest["delta"], newest["committed_delta"]) == (0, delta)


def test_correct_reference_may_leave_less_than_nothing_to_sell(
    communication: Any, mug: ProductSnapshot
) -> None:
    communication.correct_reference(reference="order:7", deltas={mug.id: Moved(-12, 12)})
    assert (in_stock(mug), committed(mug)) == (-2, 12)


def test_correct_reference_is_refused_as_a_whole(communication: Any, mug: ProductSnapshot) -> None:
    pen = make_product(stock=3)
    before = ledger()
    most = MAX_INTEGER
    told = f"Of product {pen.id},"
    for delta, error, detail in [
        (Moved(-4), Conflict, f"{told} -1 would be on hand."),
        (Moved(0, -1), Conflict, f"{told} -1 would be committed."),
        (Moved(most), Invalid, f"{told} {most + 3} would be on hand."),
        (Moved(0, most), Invalid, f"{told} {most + 3} would be on hand."),
    ]:
        deltas = {mug.id: Moved(1), pen.id: delta}
        with pytest.raises(error) as refusal:
            communication.correct_reference(reference="r", deltas=deltas)
        assert refusal.value.detail == detail
    deltas = {mug.id: Moved(1), pen.id + 1: Moved(1)}
    with pytest.raises(NotFound) as missing:
        communication.correct_reference(reference="r", deltas=deltas)
    assert missing.value.detail == f"There is no product {pen.id + 1}."
    assert (in_stock(mug), in_stock(pen), ledger()) == (10, 3, before)


def test_correct_ledger(communication: Any, mug: ProductSnapshot) -> None:
    assert communication.correct_ledger(product_id=mug.id) == Moved()
    set_product(mug, stock_quantity=7)
    assert communication.correct_ledger(product_id=mug.id, note="n") == Moved(-3)
    assert (in_stock(mug), list(communication.audit_stock())) == (7, [])
    assert ledger(mug)[1:] == [(mug.id, -3, "corrected", "command line")]
    set_product(mug, committed_quantity=2)
    assert communication.correct_ledger(product_id=mug.id) == Moved(0, 2)
    assert (in_stock(mug), committed(mug), list(communication.audit_stock())) == (7, 2, [])
    with pytest.raises(NotFound):
        communication.correct_ledger(product_id=mug.id + 1)


# The platform


def test_client_id_for(communication: Any) -> None:
    ids = [communication.client_id_for(built_in=n) for n in ("console", "demo", "console")]
    assert ids[0] == ids[2] != ids[1]


def test_existing_client_ids(
    communication: Any, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    known = communication.client_id_for(built_in="console")
    with django_assert_num_queries(1):
        assert communication.existing_client_ids(ids=[known, known + 1]) == {known}


# The fake


@pytest.fixture
def visited() -> Iterator[set[str]]:
    """The modules of products whose code runs during the test."""
    modules: set[str] = set()

    def note(frame: FrameType, event: str, argument: Any) -> None:
        name = frame.f_globals.get("__name__", "")
        if event == "call" and name.startswith("apps.products"):
            modules.add(name)

    before = sys.getprofile()
    sys.setprofile(note)
    setprofile(note)
    yield modules
    setprofile(None)
    sys.setprofile(before)


def test_no_code_of_products_runs_behind_the_fake(visited: set[str]) -> None:
    with faked(microservice_communication, fake_communication):
        mug = make_product(stock=10)
        order = make_order(line(mug.id, 2))
        change_order(order_id=order.pk, change=OrderChange(quantity=3), actor="x")
        cancel_order(order_id=order.pk, actor="x")
        assert list(audit()) == []
    assert visited == set()


def test_code_of_products_runs_behind_the_real_module(visited: set[str]) -> None:
    """The control of the test above."""
    if microservice_communication.read_products is fake_communication.read_products:
        pytest.skip("the fake stands for it in this run")
    make_order(line(make_product(stock=10).id, 2))
    assert "apps.products.stock.for_orders" in visited
