import re
import threading
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.db import connection
from django.db.models.signals import pre_save
from django.test import Client as Browser
from django.urls import reverse

from apps.products.forms import ProductForm
from apps.products.models import Product, StockMovement
from apps.products.operations import (
    change_stock,
    create_product,
    update_product,
)
from apps.products.tests.selling import sell
from monoservices.api.types import MAX_INTEGER

pytestmark = pytest.mark.django_db

LIST = "admin:products_product_changelist"
ADD = "admin:products_product_add"
MOVEMENTS = "admin:products_stockmovement_changelist"
VALUES = {
    "sku": "MUG-B",
    "name": "Blue Mug",
    "description": "Glazed.",
    "price": "9.50",
    "low_stock_at": "",
    "is_active": "on",
}
SEEN = {
    "initial-sku": "MUG-B",
    "initial-name": "Blue Mug",
    "initial-description": "Glazed.",
    "initial-price": "9.50",
    "initial-low_stock_at": "",
    "initial-is_active": "True",
}
"""What the page of a product sends beside its form: the values that it was opened with."""


@pytest.fixture
def mug() -> Product:
    """Ten blue mugs."""
    return create_product(
        sku="MUG-B", name="Blue Mug", description="Glazed.", price="9.50", stock_quantity=10
    )


def change_url(product: Product) -> str:
    return reverse("admin:products_product_change", args=[product.pk])


def stock_url(product: Product) -> str:
    return reverse("admin:products_product_stock", args=[product.pk])


def adjustment(**values: Any) -> dict[str, Any]:
    """What the stock form sends, with a token of its own."""
    sent = {"reason": "received", "units": 5, "note": "Delivery 17", "token": uuid.uuid4()}
    return sent | values


def state() -> tuple[list[Any], list[Any], int]:
    """Everything that these pages can write."""
    return (
        list(Product.objects.values_list()),
        list(StockMovement.objects.values_list()),
        LogEntry.objects.count(),
    )


def errors(content: bytes) -> list[str]:
    lists = re.findall(r'<ul class="errorlist.*?</ul>', content.decode(), re.DOTALL)
    return [text for each in lists for text in re.findall(r"<li>(.*?)</li>", each)]


def names(browser: Browser, query: str) -> list[str]:
    """The products that the list shows."""
    content = browser.get(f"{reverse(LIST)}?{query}").content.decode()
    return re.findall(r'field-name"><a [^>]*>([^<]*)<', content)


def last_movement() -> tuple[Any, ...]:
    return (
        StockMovement.objects.values_list("delta", "quantity_after", "reason", "note", "actor")
        .order_by("pk")
        .last()
    ) or ()


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["Blue Mug", "Straße", "Teapot"]),
        ("q=mug", ["Blue Mug"]),
        ("q=+MUG+", ["Blue Mug"]),
        ("q=strasse", ["Straße"]),
        ("q=tea-1", ["Teapot"]),
        ("q=1", []),
        ("q=%00", ["Blue Mug", "Straße", "Teapot"]),
        ("stock=in", ["Blue Mug", "Straße"]),
        ("stock=low", ["Straße", "Teapot"]),
        ("stock=out", ["Teapot"]),
        ("is_active__exact=0", ["Teapot"]),
        ("is_active__exact=0&q=mug", []),
    ],
)
def test_the_list_finds(admin_client: Browser, mug: Product, query: str, found: list[str]) -> None:
    create_product(sku="S", name="Straße", price="1", stock_quantity=4, low_stock_at=4)
    create_product(sku="TEA-1", name="Teapot", price="29", low_stock_at=0, is_active=False)
    assert names(admin_client, query) == found


def test_the_list_marks_what_is_low(admin_client: Browser, mug: Product) -> None:
    def stock() -> list[str]:
        content = admin_client.get(reverse(LIST)).content.decode()
        cells = re.findall(r'field-stock">(.*?)</td>', content)
        return [re.sub("<[^>]*>", "", cell) for cell in cells]

    assert stock() == ["10"]
    update_product(product_id=mug.pk, low_stock_at=9)
    assert stock() == ["10"]
    update_product(product_id=mug.pk, low_stock_at=10)
    assert stock() == ["10 low"]


def test_a_product_is_added_with_its_stock(staff: Callable[..., Browser]) -> None:
    data = VALUES | {"stock_quantity": "7", "low_stock_at": "2"}
    answer = staff("add_product", "view_product").post(reverse(ADD), data)
    assert (answer.status_code, answer.headers["Location"]) == (302, reverse(LIST))
    product = Product.objects.get()
    assert (product.sku, product.name, product.description) == ("MUG-B", "Blue Mug", "Glazed.")
    assert (str(product.price), product.low_stock_at, product.is_active) == ("9.50", 2, True)
    assert product.stock_quantity == 7
    assert last_movement() == (7, 7, "received", "", "staff:ada")
    entry = LogEntry.objects.get()
    assert (entry.object_id, entry.get_change_message()) == (str(product.pk), "Added.")


def test_a_product_without_stock_and_sku_gets_an_sku_and_no_movement(
    admin_client: Browser,
) -> None:
    admin_client.post(reverse(ADD), VALUES | {"sku": "", "stock_quantity": "0"})
    assert re.fullmatch(r"P-[0-9A-F]{13}", Product.objects.get().sku)
    assert StockMovement.objects.count() == 0


def test_what_is_changed_is_set_and_nothing_else(
    staff: Callable[..., Browser], mug: Product
) -> None:
    data = VALUES | SEEN | {"description": "", "price": "0", "stock_quantity": "99"}
    del data["is_active"]  # as browsers send a box that is not ticked
    browser = staff("change_product")
    assert browser.post(change_url(mug), data).status_code == 302
    changed = Product.objects.get()
    assert (changed.sku, changed.name, changed.description) == ("MUG-B", "Blue Mug", "")
    assert (str(changed.price), changed.is_active) == ("0.00", False)
    assert (changed.stock_quantity, StockMovement.objects.count()) == (10, 1)
    message = LogEntry.objects.get().get_change_message()
    assert message == "Changed Description, Price and On sale."


def test_an_empty_low_mark_takes_it_away(admin_client: Browser, mug: Product) -> None:
    admin_client.post(change_url(mug), VALUES | SEEN | {"low_stock_at": "3"})
    assert Product.objects.get().low_stock_at == 3
    admin_client.post(change_url(mug), VALUES | SEEN | {"initial-low_stock_at": "3"})
    assert Product.objects.get().low_stock_at is None


def test_what_others_changed_since_the_page_was_opened_stays(
    admin_client: Browser, mug: Product
) -> None:
    page = admin_client.get(change_url(mug)).content.decode()
    seen = dict(re.findall(r'name="(initial-[^"]+)"(?: value="([^"]*)")?', page))
    assert seen.keys() == {f"initial-{name}" for name in ProductForm().fields}
    assert {name: seen[name] for name in SEEN} == SEEN
    update_product(product_id=mug.pk, description="Matt.", price="8.00", is_active=False)
    admin_client.post(change_url(mug), VALUES | SEEN | {"name": "Cup"})
    changed = Product.objects.get()
    assert (changed.name, changed.description) == ("Cup", "Matt.")
    assert (str(changed.price), changed.is_active) == ("8.00", False)


WRONG = [
    ({"sku": "TAKEN"}, "Product with this SKU already exists."),
    (
        {"sku": "A\tB"},
        "Expected text without control characters and without spaces at its ends.",
    ),
    ({"sku": "A" * 101}, "Ensure this value has at most 100 characters (it has 101)."),
    ({"name": " "}, "This field is required."),
    ({"name": "a\x00b"}, "Null characters are not allowed."),
    ({"name": "A" * 256}, "Ensure this value has at most 255 characters (it has 256)."),
    ({"description": "A" * 10_001}, "Ensure this value has at most 10000 characters"),
    ({"price": ""}, "This field is required."),
    ({"price": "-0.01"}, "Ensure this value is greater than or equal to 0."),
    ({"price": "1.005"}, "Ensure that there are no more than 2 decimal places."),
    ({"price": "100000000"}, "Ensure this value is less than or equal to 99999999.99."),
    ({"price": "NaN"}, "Enter a number."),
    ({"price": "1e5000"}, "Ensure this value is less than or equal to 99999999.99."),
    ({"low_stock_at": "-1"}, "Ensure this value is greater than or equal to 0."),
    ({"low_stock_at": str(2**31)}, "Ensure this value is less than or equal to 2147483647."),
]
WRONG_STOCK = [
    ({"stock_quantity": ""}, "This field is required."),
    ({"stock_quantity": "-1"}, "Ensure this value is greater than or equal to 0."),
    ({"stock_quantity": str(2**31)}, "Ensure this value is less than or equal to 2147483647."),
]


@pytest.mark.parametrize(("sent", "message"), [*WRONG, ({"sku": ""}, "This field is required.")])
def test_a_wrong_change_says_why_and_changes_nothing(
    admin_client: Browser, mug: Product, sent: dict[str, str], message: str
) -> None:
    create_product(sku="TAKEN", name="Teapot", price="29")
    before = state()
    answer = admin_client.post(change_url(mug), VALUES | SEEN | sent)
    assert answer.status_code == 200
    assert message in " ".join(errors(answer.content))
    assert state() == before


@pytest.mark.parametrize(("sent", "message"), [*WRONG, *WRONG_STOCK])
def test_a_wrong_product_is_not_added(
    admin_client: Browser, sent: dict[str, str], message: str
) -> None:
    create_product(sku="TAKEN", name="Teapot", price="29")
    before = state()
    answer = admin_client.post(reverse(ADD), VALUES | {"stock_quantity": "0"} | sent)
    assert answer.status_code == 200
    assert message in " ".join(errors(answer.content))
    assert state() == before


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif("connection.vendor == 'sqlite'", reason="SQLite has one writer at a time")
def test_a_sku_that_is_taken_while_the_form_is_read_is_an_error_of_the_form(
    admin_client: Browser,
) -> None:
    def take_sku() -> None:
        create_product(sku="MUG-B", name="Taken", price="1")
        connection.close()

    def before_the_write(instance: Product, **_: Any) -> None:
        if instance.name == "Blue Mug":
            other = threading.Thread(target=take_sku)
            other.start()
            other.join()

    pre_save.connect(before_the_write, sender=Product)
    try:
        answer = admin_client.post(reverse(ADD), VALUES | {"stock_quantity": "1"})
    finally:
        pre_save.disconnect(before_the_write, sender=Product)
    assert answer.status_code == 200
    assert errors(answer.content) == ["Product with this SKU already exists."]
    assert list(Product.objects.values_list("name", flat=True)) == ["Taken"]
    assert (StockMovement.objects.count(), LogEntry.objects.count()) == (0, 0)


def test_archiving_and_bringing_back(staff: Callable[..., Browser], mug: Product) -> None:
    browser = staff("change_product")
    other = create_product(name="Teapot", price="29")
    selected = {"_selected_action": [mug.pk]}

    def active() -> list[bool]:
        return [Product.objects.get(pk=each.pk).is_active for each in (mug, other)]

    for count in (1, 0):  # what is archived is not archived again
        data = {"action": "archive_selected"} | selected
        answer = browser.post(reverse(LIST), data, follow=True)
        assert f"Products archived: {count}." in answer.content.decode()
        assert active() == [False, True]
    answer = browser.post(reverse(LIST), {"action": "bring_back_selected"} | selected, follow=True)
    assert "Products brought back: 1." in answer.content.decode()
    assert active() == [True, True]
    messages = [entry.get_change_message() for entry in LogEntry.objects.all()]
    assert messages == ["Changed on sale."] * 2


@pytest.mark.parametrize(
    ("sent", "movement"),
    [
        ({}, (5, 15, "received", "Delivery 17", "staff:ada")),
        ({"reason": "returned"}, (5, 15, "returned", "Delivery 17", "staff:ada")),
        ({"reason": "corrected", "units": -10}, (-10, 0, "corrected", "Delivery 17", "staff:ada")),
        ({"reason": "counted", "units": 12}, (2, 12, "counted", "Delivery 17", "staff:ada")),
        ({"reason": "counted", "units": 0}, (-10, 0, "counted", "Delivery 17", "staff:ada")),
        ({"reason": "counted", "units": 10}, (0, 10, "counted", "Delivery 17", "staff:ada")),
    ],
)
def test_stock_is_adjusted_once_however_often_the_form_is_sent(
    staff: Callable[..., Browser], mug: Product, sent: dict[str, Any], movement: tuple[Any, ...]
) -> None:
    browser, data = staff("change_product"), adjustment(**sent)
    for _ in range(2):
        answer = browser.post(stock_url(mug), data, follow=True)
        assert answer.redirect_chain == [(change_url(mug), 302)]
        text = f"Stock moved by {movement[0]:+}; {movement[1]} can be sold now."
        assert text in answer.content.decode()
    assert last_movement() == movement
    assert StockMovement.objects.count() == 2  # the first is what came in with the product
    assert Product.objects.get().stock_quantity == movement[1]
    assert LogEntry.objects.get().get_change_message() == "Changed stock."


def test_every_form_has_a_token_of_its_own(admin_client: Browser, mug: Product) -> None:
    pages = [admin_client.get(stock_url(mug)).content.decode() for _ in range(2)]
    tokens = {re.findall(r'name="token" value="([^"]+)"', page)[0] for page in pages}
    assert len(tokens) == 2
    for token in tokens:
        admin_client.post(stock_url(mug), adjustment(token=token))
    assert Product.objects.get().stock_quantity == 20


@pytest.mark.parametrize(
    ("sent", "messages"),
    [
        (
            {"reason": "corrected", "units": -11},
            ["There is not enough stock.", "There are 10 on hand."],
        ),
        (
            {"units": MAX_INTEGER},
            [
                "2147483647 units of a product can be on hand at most.",
                "There are 10 on hand.",
            ],
        ),
        ({"units": 0}, ["Zero units change nothing."]),
        ({"units": ""}, ["This field is required."]),
        ({"units": "many"}, ["Enter a whole number."]),
        ({"units": 2**31}, ["Ensure this value is less than or equal to 2147483647."]),
        ({"reason": "counted", "units": -1}, ["A count cannot be negative."]),
        ({"units": -1}, ["Only a correction takes units away."]),
        ({"reason": "returned", "units": -1}, ["Only a correction takes units away."]),
        ({"expected": "x"}, ["Enter a whole number."]),
        ({"reason": ""}, ["This field is required."]),
        ({"reason": "sold"}, ["Select a valid choice. sold is not one of the available choices."]),
        ({"note": " "}, ["This field is required."]),
        ({"note": "a" * 501}, ["Ensure this value has at most 500 characters (it has 501)."]),
        ({"token": ""}, ["This field is required."]),
        ({"token": "1"}, ["Enter a valid UUID."]),
    ],
)
def test_a_wrong_adjustment_says_why_and_moves_nothing(
    admin_client: Browser, mug: Product, sent: dict[str, Any], messages: list[str]
) -> None:
    before = state()
    answer = admin_client.post(stock_url(mug), adjustment(**sent))
    assert (answer.status_code, errors(answer.content)) == (200, messages)
    assert state() == before


def test_the_form_says_what_can_be_sold_what_is_committed_and_what_is_there(
    admin_client: Browser, mug: Product
) -> None:
    sell(mug, 3)
    page = admin_client.get(stock_url(mug)).content.decode()
    assert re.findall(r"<strong>(\d+)</strong>", page) == ["7", "3", "10"]
    assert re.findall(r'name="expected" value="(\d+)"', page) == ["10"]
    [row] = re.findall(
        r'field-committed_quantity">([^<]*)<', admin_client.get(reverse(LIST)).content.decode()
    )
    assert row == "3"


def test_a_count_of_a_shelf_that_has_changed_asks_again(
    admin_client: Browser, mug: Product
) -> None:
    sell(mug, 3)  # which leaves the shelf as it is
    data = adjustment(reason="counted", units=9, expected=10)
    change_stock(product_id=mug.pk, delta=5, reason="received", actor="x")
    before = state()
    answer = admin_client.post(stock_url(mug), data)
    assert errors(answer.content) == [
        "There are 15 on the shelf by now. Does your count still hold?"
    ]
    assert state() == before
    [expected] = re.findall(r'name="expected" value="(\d+)"', answer.content.decode())
    answer = admin_client.post(stock_url(mug), data | {"expected": expected}, follow=True)
    assert "Stock moved by -6; 6 can be sold now." in answer.content.decode()
    assert Product.objects.get().on_hand == 9


def test_a_count_of_less_than_is_promised_says_what_is_missing(
    admin_client: Browser, mug: Product
) -> None:
    sell(mug, 3)
    data = adjustment(reason="counted", units=1)
    content = admin_client.post(stock_url(mug), data, follow=True).content.decode()
    assert "Stock moved by -9; -2 can be sold now." in content
    assert "2 units are promised to orders and not there." in content


def test_a_form_that_was_sent_is_not_sent_with_other_values(
    admin_client: Browser, mug: Product
) -> None:
    data = adjustment()
    admin_client.post(stock_url(mug), data)
    before = state()
    answer = admin_client.post(stock_url(mug), data | {"units": 6})
    assert errors(answer.content) == ["This form was sent before with other values; open it again."]
    assert state() == before


def test_the_longest_username_fits_into_the_ledger(mug: Product) -> None:
    name = "a" * 150
    browser = Browser()
    browser.force_login(get_user_model().objects.create_superuser(name))
    browser.post(stock_url(mug), adjustment())
    assert last_movement()[-1] == f"staff:{name}"


@pytest.mark.parametrize("product_id", [0, 2**63, 10**30])
def test_adjusting_a_product_that_is_not_there_is_404(
    admin_client: Browser, product_id: int
) -> None:
    url = reverse("admin:products_product_stock", args=[product_id])
    assert admin_client.post(url, adjustment()).status_code == 404


def test_who_may_only_see_changes_nothing(staff: Callable[..., Browser], mug: Product) -> None:
    browser = staff("view_product", "delete_product", "change_stockmovement")
    page = browser.get(change_url(mug)).content.decode()
    assert stock_url(mug) not in page
    assert 'name="price"' not in page
    before = state()
    assert browser.get(stock_url(mug)).status_code == 403
    for url, data in [
        (stock_url(mug), adjustment()),
        (change_url(mug), VALUES | SEEN | {"price": "1"}),
        (reverse(ADD), VALUES | {"sku": "B", "stock_quantity": "0"}),
        (reverse("admin:products_product_delete", args=[mug.pk]), {"post": "yes"}),
    ]:
        assert browser.post(url, data).status_code == 403
    for action in ("archive_selected", "delete_selected"):
        browser.post(reverse(LIST), {"action": action, "_selected_action": [mug.pk]})
    assert state() == before


def test_nobody_deletes_a_product_or_touches_the_ledger(
    admin_client: Browser, mug: Product
) -> None:
    movement, before = StockMovement.objects.get(), state()
    data = {"post": "yes", "delta": "1", "note": "changed"}
    for view, obj in [
        ("product_delete", mug),
        ("stockmovement_delete", movement),
        ("stockmovement_change", movement),
    ]:
        url = reverse(f"admin:products_{view}", args=[obj.pk])
        assert admin_client.post(url, data).status_code == 403
    assert admin_client.post(reverse("admin:products_stockmovement_add"), data).status_code == 403
    for name, obj in [(LIST, mug), (MOVEMENTS, movement)]:
        selected = {"action": "delete_selected", "_selected_action": [obj.pk], "post": "yes"}
        admin_client.post(reverse(name), selected)
    assert state() == before


def test_adjusting_needs_a_csrf_token(admin_user: Any, mug: Product) -> None:
    browser = Browser(enforce_csrf_checks=True)
    browser.force_login(admin_user)
    before = state()
    assert browser.post(stock_url(mug), adjustment()).status_code == 403
    assert state() == before


def test_the_ledger_is_newest_first_and_can_be_searched(
    admin_client: Browser, mug: Product
) -> None:
    create_product(sku="TEA 1", name="Teapot", price="29", stock_quantity=3)
    change_stock(product_id=mug.pk, delta=1, reason="returned", actor="staff:ada", note="Chipped")
    sell(mug, 2)

    def shown(query: str = "") -> list[str]:
        content = admin_client.get(f"{reverse(MOVEMENTS)}?{query}").content.decode()
        return re.findall(r'field-delta">([^<]*)<', content)

    assert shown() == ["-2", "1", "3", "10"]
    assert shown("reason__exact=received") == ["3", "10"]
    assert shown("q=TEA+1") == ["3"]
    assert shown(f"product={mug.pk}") == ["-2", "1", "10"]
    assert shown("q=order:17") == ["-2"]
    assert shown("q=order:1") == shown("q=TEA") == []
