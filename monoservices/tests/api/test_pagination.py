"""Pages of a list, with a real table: whatever the order, nothing skipped or doubled."""

from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core import signing
from django.http import QueryDict
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase
from msgspec import UNSET, UnsetType
from rest_framework.request import Request

from monoservices.api.pagination import Cursors, Page, Position, keyset_page
from monoservices.api.problems import Invalid
from monoservices.tests.example_model import Thing

pytestmark = pytest.mark.usefixtures("things")

ORDERINGS = ["id", "-id", "name", "-name", "price", "-price"]
NAMES = st.sampled_from(["Mug", "mug", "Pot", "\u00c4pfel", "Zucker", "100% \u2019s", "pot-2"])
PRICES = st.sampled_from(["0.00", "0.10", "9.99", "10.00", "99999999.99"])
THINGS = st.lists(st.tuples(NAMES, PRICES), max_size=12)


def page(
    ordering: str, limit: int = 20, cursor: str | UnsetType = UNSET, address: str = "/list/?limit=3"
) -> Page[int]:
    return keyset_page(
        Thing.objects.all(),
        request=Request(RequestFactory().get(address)),
        ordering=ordering,
        represent=lambda thing: thing.pk,
        limit=limit,
        cursor=cursor,
    )


def cursor_of(address: str | None) -> str:
    assert address is not None
    return QueryDict(address.split("?", maxsplit=1)[1])["cursor"]


def create(things: list[tuple[str, str]]) -> None:
    for name, price in things:
        Thing.objects.create(name=name, price=price)


def in_order(ordering: str) -> list[int]:
    """All ids at once, ties in the order of ids in the list's own direction."""
    tie = "-pk" if ordering.startswith("-") else "pk"
    return list(Thing.objects.order_by(ordering, tie).values_list("pk", flat=True))


class WalkTest(TestCase):
    """Hypothesis with a transaction of its own for each example."""

    @given(THINGS, st.sampled_from(ORDERINGS), st.integers(1, 5))
    def test_forwards_and_backwards(
        self, things: list[tuple[str, str]], ordering: str, limit: int
    ) -> None:
        create(things)
        pages = [page(ordering, limit)]
        while pages[-1].next:
            pages.append(page(ordering, limit, cursor_of(pages[-1].next)))
        assert [key for each in pages for key in each.results] == in_order(ordering)
        assert [len(each.results) for each in pages[:-1]] == [limit] * (len(pages) - 1)
        assert pages[0].previous is None
        for earlier, later in zip(pages[-2::-1], pages[:0:-1], strict=True):
            back = page(ordering, limit, cursor_of(later.previous))
            assert back.results == earlier.results
            assert (back.previous is None) == (earlier is pages[0])
            assert page(ordering, limit, cursor_of(back.next)).results == later.results

    @given(THINGS, THINGS, st.sampled_from(ORDERINGS), st.data())
    def test_rows_that_stay_come_once_whatever_comes_and_goes_between_the_pages(
        self,
        things: list[tuple[str, str]],
        added: list[tuple[str, str]],
        ordering: str,
        data: Any,
    ) -> None:
        flips: st.SearchStrategy[Any] = st.booleans()
        create(things)
        stay = set(in_order(ordering))
        seen: list[int] = []
        each = page(ordering, 2)
        while True:
            seen += each.results
            if added and data.draw(flips):
                create([added.pop()])
            if stay and data.draw(flips):
                gone = data.draw(st.sampled_from(sorted(stay)))
                stay.discard(gone)
                Thing.objects.filter(pk=gone).delete()
            if each.next is None:
                break
            each = page(ordering, 2, cursor_of(each.next))
        assert len(seen) == len({*seen})
        assert stay <= {*seen}
        assert [key for key in seen if key in stay] == [
            key for key in in_order(ordering) if key in stay
        ]


@pytest.mark.django_db
def test_an_empty_list() -> None:
    assert page("id") == Page(results=[], next=None, previous=None)


@pytest.mark.django_db
def test_addresses_keep_the_rest_of_the_query() -> None:
    create([("Mug", "1.00")] * 3)
    first = page("name", 2, address="/list/?search=%C3%A4+b&limit=2")
    assert first.next is not None
    assert first.next.startswith("http://testserver/list/?cursor=")
    assert first.next.endswith("&limit=2&search=%C3%A4+b")


@pytest.mark.django_db
@pytest.mark.parametrize("ordering", ORDERINGS)
def test_a_page_is_one_statement(django_assert_num_queries: Any, ordering: str) -> None:
    create([("Mug", "1.00")] * 5)
    cursor = cursor_of(page(ordering, 2).next)
    with django_assert_num_queries(1):
        page(ordering, 2)
    with django_assert_num_queries(1):
        page(ordering, 2, cursor)


@pytest.mark.django_db
def test_a_cursor_is_good_for_its_list_and_its_order() -> None:
    create([("Mug", "1.00")] * 3)
    cursor = cursor_of(page("id", 1).next)
    assert len(page("id", 1, cursor).results) == 1
    for other in {*ORDERINGS} - {"id"}:
        with pytest.raises(Invalid) as error:
            page(other, 1, cursor)
        assert list(error.value.errors) == ["cursor"]
    with pytest.raises(Invalid):
        keyset_page(
            Group.objects.all(),
            request=Request(RequestFactory().get("/")),
            ordering="id",
            represent=str,
            cursor=cursor,
        )


@pytest.mark.django_db
def test_a_cursor_that_was_changed_is_refused() -> None:
    create([("Mug", "1.00")] * 3)
    cursor = cursor_of(page("id", 1).next)
    broken = [
        *(
            "",
            "x",
            ":",
            "::",
            cursor[1:],
            cursor[:-1],
            cursor + "x",
            f".{cursor}",
            cursor.swapcase(),
        ),
        signing.dumps({"after": [1, 1], "backwards": False}),
    ]
    for each in broken:
        with pytest.raises(Invalid):
            page("id", 1, each)


@pytest.mark.parametrize("ordering", ORDERINGS)
@pytest.mark.parametrize("position", [Position([1, 1], True), Position(["Mug", 2], False)])
def test_a_cursor_is_what_django_would_sign(
    ordering: str, position: Position, settings: Any
) -> None:
    salt, signed = f"{Thing._meta.label}:{ordering}", ""
    for secret in ("one", "another"):
        settings.SECRET_KEY = secret
        signed = signing.Signer(sep=".", salt=salt).sign_object(position)
        assert Cursors(Thing, ordering).write(position) == signed
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "a third", ["another"]
    assert Cursors(Thing, ordering).read(signed) == position


@pytest.mark.django_db
def test_a_price_is_compared_as_a_number() -> None:
    create([("Mug", price) for price in ("9.00", "10.00", "100.00", "9.50")])
    prices: list[Decimal] = []
    each = page("price", 1)
    while True:
        prices += Thing.objects.filter(pk__in=each.results).values_list("price", flat=True)
        if each.next is None:
            break
        each = page("price", 1, cursor_of(each.next))
    assert [str(price) for price in prices] == ["9.00", "9.50", "10.00", "100.00"]
