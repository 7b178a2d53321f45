import re
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client as Browser
from django.urls import reverse

from apps.products import admin, operations
from apps.products.models import Product, StockMovement

pytestmark = pytest.mark.django_db

ADD = "admin:products_product_add"
CHANGE = "admin:products_product_change"
LIST = "admin:products_product_changelist"
STOCK = "admin:products_product_stock"
LEDGER = "admin:products_stockmovement_changelist"

MAX_STOCK = 2_147_483_647


@pytest.fixture
def mug() -> Product:
    return operations.create_product(
        sku="MUG", name="Blue Mug", price="5.00", stock_quantity=10, actor="test"
    )


def sign_in(*codenames: str) -> Browser:
    """A browser of somebody on the staff who has just these permissions of this service."""
    user = get_user_model().objects.create_user("ada", is_staff=True)
    permissions = Permission.objects.filter(
        content_type__app_label="products", codename__in=codenames
    )
    assert len(permissions) == len(codenames)
    user.user_permissions.set(permissions)
    browser = Browser()
    browser.force_login(user)
    return browser


def filled_in(form: Any, **changes: Any) -> dict[str, Any]:
    """What a browser sends for a form on a page, hidden fields included, after `changes`."""
    data = {}
    for bound in form:
        value = bound.value()
        if bound.field.show_hidden_initial:
            data[bound.html_initial_name] = "" if value is None else str(value)
        data[bound.html_name] = "" if value is None else value
    data |= changes
    return {name: value for name, value in data.items() if value is not False}


def form_at(browser: Browser, url: str, **changes: Any) -> dict[str, Any]:
    return filled_in(browser.get(url).context["adminform"].form, **changes)


def ledger(product: Product) -> list[tuple[int, int, str, str, str]]:
    """The product's movements, oldest first."""
    columns = ("delta", "quantity_after", "reason", "actor", "note")
    return list(product.movements.order_by("pk").values_list(*columns))


FIRST = (10, 10, "received", "test", "")


def errors_in(answer: Any) -> dict[str, list[str]]:
    assert answer.status_code == 200
    errors: dict[str, list[str]] = answer.context["adminform"].form.errors
    return errors


class TestList:
    @pytest.fixture(autouse=True)
    def _shop(self, mug: Product) -> None:
        create = operations.create_product
        create(sku="TEA-1", name="Grüner Tee", price="3.50", stock_quantity=2, low_stock_at=2)
        create(sku="TEA-2", name="Black Tea", price="4.00", low_stock_at=0, is_active=False)
        create(sku="POT", name="Tea Pot", price="19.90", stock_quantity=3, low_stock_at=2)

    @pytest.mark.parametrize(
        ("query", "skus"),
        [
            ({}, ["POT", "TEA-2", "TEA-1", "MUG"]),
            ({"q": "GRÜN"}, ["TEA-1"]),
            ({"q": "tea"}, ["POT", "TEA-2", "TEA-1"]),
            ({"q": "tea-"}, ["TEA-2", "TEA-1"]),
            ({"q": " tea pot "}, ["POT"]),
            ({"q": "100%"}, []),
            ({"stock": "in"}, ["POT", "TEA-1", "MUG"]),
            ({"stock": "low"}, ["TEA-2", "TEA-1"]),
            ({"stock": "out"}, ["TEA-2"]),
            ({"is_active__exact": "0"}, ["TEA-2"]),
            ({"q": "tea", "stock": "in", "is_active__exact": "1"}, ["POT", "TEA-1"]),
            ({"o": "3"}, ["TEA-1", "TEA-2", "MUG", "POT"]),  # by price
        ],
    )
    def test_search_and_filters(
        self, admin_client: Browser, query: dict[str, str], skus: list[str]
    ) -> None:
        page = admin_client.get(reverse(LIST), query).content.decode()
        assert re.findall(r'field-sku">([^<]+)<', page) == skus

    def test_low_stock_is_marked(self, admin_client: Browser) -> None:
        page = admin_client.get(reverse(LIST)).content.decode()
        cells = re.findall(r'field-stock">(.+?)</td>', page)
        assert [re.sub("<[^>]+>", "", cell) for cell in cells] == ["3", "0 low", "2 low", "10"]

    def test_a_search_for_nul_finds_nothing(self, admin_client: Browser) -> None:
        answer = admin_client.get(reverse(LIST), {"q": "a\x00b"}, follow=True)
        assert answer.status_code == 200
        assert "Null characters are not allowed" in answer.content.decode()


class TestAdding:
    data = {
        "sku": "CUP",
        "name": "Cup",
        "description": "For tea.",
        "price": "2.50",
        "low_stock_at": "3",
        "is_active": "on",
        "stock_quantity": "7",
    }

    def test_what_there_is_of_it_enters_the_ledger(self) -> None:
        browser = sign_in("add_product", "view_product")
        answer = browser.post(reverse(ADD), self.data)
        assert (answer.status_code, answer.headers["Location"]) == (302, reverse(LIST))
        cup = Product.objects.get()
        assert (cup.sku, cup.name, cup.description) == ("CUP", "Cup", "For tea.")
        assert (cup.price, cup.low_stock_at, cup.is_active) == (Decimal("2.50"), 3, True)
        assert ledger(cup) == [(7, 7, "received", "staff:ada", "")]
        entry = LogEntry.objects.get()
        assert (entry.object_id, entry.get_change_message()) == (str(cup.pk), "Added.")

    def test_a_product_without_an_sku_and_without_stock(self, admin_client: Browser) -> None:
        admin_client.post(reverse(ADD), self.data | {"sku": "", "stock_quantity": "0"})
        cup = Product.objects.get()
        assert re.fullmatch(r"P-[0-9A-F]{13}", cup.sku)
        assert (cup.stock_quantity, ledger(cup)) == (0, [])

    @pytest.mark.parametrize(
        ("field", "value", "message"),
        [
            ("sku", "MUG", "Product with this Sku already exists."),
            ("sku", "a\tb", "Expected 1 to 100 characters without control characters"),
            ("sku", "a" * 101, "at most 100 characters"),
            ("name", "", "This field is required."),
            ("name", " ", "This field is required."),
            ("name", "a\x00b", "Null characters are not allowed."),
            ("name", "a" * 256, "at most 255 characters"),
            ("description", "a" * 10_001, "at most 10000 characters"),
            ("price", "-0.01", "greater than or equal to 0"),
            ("price", "1.005", "no more than 2 decimal places"),
            ("price", "100000000", "less than or equal to 99999999.99"),
            ("price", "NaN", "Enter a number."),
            ("price", "Infinity", "Enter a number."),
            ("low_stock_at", "-1", "greater than or equal to 0"),
            ("low_stock_at", "2147483648", f"less than or equal to {MAX_STOCK}"),
            ("stock_quantity", "", "This field is required."),
            ("stock_quantity", "-1", "greater than or equal to 0"),
            ("stock_quantity", "2147483648", f"less than or equal to {MAX_STOCK}"),
            ("stock_quantity", "9" * 5_000, "Enter a whole number."),
        ],
    )
    def test_a_wrong_field_says_why_and_makes_nothing(
        self, admin_client: Browser, mug: Product, field: str, value: str, message: str
    ) -> None:
        errors = errors_in(admin_client.post(reverse(ADD), self.data | {field: value}))
        assert list(errors) == [field]
        assert message in str(errors[field])
        assert (Product.objects.count(), StockMovement.objects.count()) == (1, 1)
        assert LogEntry.objects.count() == 0

    def test_an_sku_that_is_taken_after_the_form_has_looked(
        self, admin_client: Browser, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        save_model = admin.ProductAdmin.save_model

        def lose_the_race(*args: Any) -> None:
            if not Product.objects.exists():
                operations.create_product(sku="CUP", name="Another", price="1.00")
            save_model(*args)

        # The rival must commit for the second look to see it, as the real one would have done.
        def rival_first(*args: Any, **kwargs: Any) -> Any:
            operations.create_product(sku="CUP", name="Another", price="1.00")
            return operations.catalogue_create(*args, **kwargs)

        monkeypatch.setattr(admin.ProductAdmin, "save_model", lose_the_race)
        errors = errors_in(admin_client.post(reverse(ADD), self.data))
        assert errors == {"sku": ["Product with this Sku already exists."]}
