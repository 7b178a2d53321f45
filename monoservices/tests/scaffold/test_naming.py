import pytest
from django.http import HttpResponse
from django.urls import include, path
from pytest_django import Settings

from monoservices.scaffold.naming import NameRefused, Names, names
from monoservices.tests.boundaries.checks.conftest import Project

urlpatterns = [path("api/", include([path("gift-tokens/", HttpResponse)]))]


@pytest.fixture(autouse=True)
def _no_services(project: Project, settings: Settings) -> None:
    """So that every name is free whatever services this project has."""
    project({}, "E001")
    settings.ROOT_URLCONF = __name__


@pytest.mark.parametrize(
    ("label", "model"),
    [
        ("payments", "Payment"),
        ("categories", "Category"),
        ("addresses", "Address"),
        ("boxes", "Box"),
        ("branches", "Branch"),
        ("gift_cards", "GiftCard"),
        ("catalogue", "Catalogue"),
        ("status", "Status"),
        ("analysis", "Analysis"),
        ("press", "Press"),
    ],
)
def test_the_model_is_the_singular_of_the_service(label: str, model: str) -> None:
    chosen = names(label)
    assert (chosen.model, chosen.plural) == (model, label)


@pytest.mark.parametrize(
    ("model", "singular", "plural"),
    [
        ("Order", "order", "orders"),
        ("OrderLine", "order_line", "order_lines"),
        ("APIKey", "api_key", "api_keys"),
        ("Level2Item", "level2_item", "level2_items"),
    ],
)
def test_identifiers_follow_from_the_model(model: str, singular: str, plural: str) -> None:
    chosen = names("things", model=model)
    assert (chosen.singular, chosen.plural) == (singular, plural)


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
        ("contenttypes", "There is an app 'contenttypes' already."),
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
    with pytest.raises(NameRefused, match="There is a route gift-tokens/ already"):
        names("gift_tokens")
    assert names("gifts").plural == "gifts"
