"""Which services a selection installs and serves; of this project's, and of some made up here."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from monoservices.services.selection import Selection, select

MakeApps = Callable[..., list[str]]

CONFIG = """
from monoservices.services.config import ServiceConfig


class {title}Config(ServiceConfig):
    name = "{name}"
    depends_on = {depends_on!r}
"""


@pytest.fixture
def make_apps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakeApps:
    """A function that writes services and what they depend on; it returns their names."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "modules", sys.modules.copy())

    def make(**depends_on: tuple[str, ...]) -> list[str]:
        for name, others in depends_on.items():
            (tmp_path / name).mkdir()
            (tmp_path / name / "__init__.py").touch()
            config = CONFIG.format(title=name.title(), name=name, depends_on=others)
            (tmp_path / name / "apps.py").write_text(config)
        return [*depends_on]

    return make


@pytest.fixture
def shop(make_apps: MakeApps) -> list[str]:
    """Sales depends on goods, which depends on places; staff are on nothing's path."""
    return make_apps(staff=(), places=(), goods=("places",), sales=("goods",), notes=())


def test_without_names_everything_is_served(shop: list[str]) -> None:
    assert select(shop, platform=["staff"]) == Selection(shop, shop)


@pytest.mark.parametrize(
    ("named", "installed", "served"),
    [
        (["sales"], ["staff", "places", "goods", "sales"], ["staff", "sales"]),
        (["goods"], ["staff", "places", "goods"], ["staff", "goods"]),
        (["notes", "goods"], ["staff", "places", "goods", "notes"], ["staff", "goods", "notes"]),
        (["sales", "goods"], ["staff", "places", "goods", "sales"], ["staff", "goods", "sales"]),
        (["staff"], ["staff"], ["staff"]),
    ],
)
def test_what_is_named_is_served_and_what_it_depends_on_is_installed(
    shop: list[str], named: list[str], installed: list[str], served: list[str]
) -> None:
    assert select(shop, named=named, platform=["staff"]) == Selection(installed, served)
    assert select(shop, named=named[::-1], platform=["staff"]) == Selection(installed, served)


def test_without_a_platform_it_is_what_was_named(shop: list[str]) -> None:
    assert select(shop, named=["notes"]) == Selection(["notes"], ["notes"])


def test_a_circle_and_a_dependency_that_is_not_known_are_left_to_the_checks(
    make_apps: MakeApps,
) -> None:
    known = make_apps(hen=("egg",), egg=("hen", "farm"), coop=())
    assert select(known, named=["hen"]) == Selection(["hen", "egg"], ["hen"])


def test_names_that_are_not_known_are_told_with_those_that_are(shop: list[str]) -> None:
    with pytest.raises(ImproperlyConfigured) as refusal:
        select(shop, named=["sale", "goods", "apps"])
    assert str(refusal.value) == (
        "There is no service named apps, sale. There are: staff, places, goods, sales, notes."
    )


def test_an_app_that_is_no_service_is_refused() -> None:
    with pytest.raises(ImproperlyConfigured, match=r"^django\.contrib\.sites is not a service: "):
        select(["django.contrib.sites"])


def test_an_entry_may_name_its_config(shop: list[str]) -> None:
    entry = "notes.apps.NotesConfig"
    assert select([entry], named=["notes"]) == Selection([entry], ["notes"])
