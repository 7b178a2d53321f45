import pytest
from django.http import HttpResponse
from django.test import override_settings
from django.urls import include, path

from monoservices.scaffold.naming import (
    NameRefused,
    Names,
    names,
    plural_of,
    singular_of,
    snake_case,
)

urlpatterns = [path("api/", include([path("gift-cards/", HttpResponse)]))]


@pytest.mark.parametrize(
    ("plural", "singular"),
    [
        ("payments", "payment"),
        ("categories", "category"),
        ("addresses", "address"),
        ("boxes", "box"),
        ("branches", "branch"),
        ("gift_cards", "gift_card"),
    ],
)
def test_plural_and_singular(plural: str, singular: str) -> None:
    assert singular_of(plural) == singular
    assert plural_of(singular) == plural


@pytest.mark.parametrize("name", ["catalogue", "status", "analysis", "press", "ties"])
def test_what_is_no_plural_stays(name: str) -> None:
    assert singular_of(name) == {"ties": "tie"}.get(name, name)


def test_snake_case() -> None:
    assert [snake_case(each) for each in ("Order", "OrderLine", "APIKey", "Level2Item")] == [
        *("order", "order_line", "api_key", "level2_item"),
    ]


def test_the_model_is_named_after_the_service() -> None:
    assert names("gift_cards", parent="monoservices") == Names(
        label="gift_cards",
        package="monoservices.gift_cards",
        model="GiftCard",
        singular="gift_card",
        plural="gift_cards",
    )


def test_the_model_may_have_a_name_of_its_own() -> None:
    chosen = names("catalogue_of_things", model="Category")
    assert (chosen.package, chosen.singular, chosen.plural) == (
        *("catalogue_of_things", "category", "categories"),
    )


@pytest.mark.parametrize(
    "label", ["", "Payments", "pay-ments", "pay ments", "2pay", "_pay", "pay__ments", "class", "é"]
)
def test_a_name_that_cannot_be(label: str) -> None:
    with pytest.raises(NameRefused, match="cannot be a service's name"):
        names(label)


def test_a_name_that_is_too_long() -> None:
    assert names("p" * 30).label == "p" * 30
    with pytest.raises(NameRefused, match="is longer than 30 characters"):
        names("p" * 31)


@pytest.mark.parametrize(
    ("label", "why"),
    [
        ("monoservices", "There is an app 'monoservices' already."),
        ("sessions", "There is an app 'sessions' already."),
        ("json", "There is a Python module json already."),
    ],
)
def test_a_name_that_is_taken(label: str, why: str) -> None:
    with pytest.raises(NameRefused) as refused:
        names(label)
    assert str(refused.value) == why


@pytest.mark.parametrize("model", ["payment", "Pay_ment", "Pay ment", "2Pay", "None"])
def test_a_model_that_cannot_be(model: str) -> None:
    with pytest.raises(NameRefused, match="cannot be a model's name"):
        names("payments", model=model)


def test_a_route_that_is_taken() -> None:
    with override_settings(ROOT_URLCONF=__name__):
        with pytest.raises(NameRefused, match="There is a route gift-cards/ already"):
            names("gift_cards")
        assert names("gifts").plural == "gifts"
