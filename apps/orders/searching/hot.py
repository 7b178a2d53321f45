"""Searches on the express lane, where many share their round trips."""

from collections.abc import Collection
from urllib.parse import urlencode

from apps.orders.microservice_communication import product_ids_by_part_of_sku
from apps.orders.searching.asked import ALL, Search, Wanted
from apps.orders.searching.finding import page_ids
from monoservices.api.hot_reads import AskedPage
from monoservices.database.hot_rows import HotRows
from monoservices.database.statements import Row

WEIGHT = 100
"""How much of a batch a search takes: as much as the longest page without one."""


class SearchedPage(AskedPage, frozen=True):
    """A page of the orders that match a text."""

    text: str = ""


def searched_page(page: AskedPage, text: str) -> SearchedPage:
    """The same page, of the orders that match."""
    rest = f"&{urlencode({'search': text})}"
    return SearchedPage(page.place, page.backwards, page.url, page.limit, rest, text)


def read_searched(pages: Collection[SearchedPage], rows: HotRows) -> dict[SearchedPage, list[Row]]:
    """The rows of each page, in its order: two statements for each, in two round trips."""
    wanted = dict.fromkeys(pages)
    products = product_ids_by_part_of_sku(texts=[page.text for page in wanted])
    pending = {}
    for page in wanted:
        place = page.place
        found = page_ids(
            ALL if place.owner is None else ("orders_order.client_id = %s", [place.owner]),
            Search(page.text, tuple(products[page.text])),
            Wanted(place.limit, place.beyond, place.descending, place.owner),
        )
        pending[page] = rows.among(*found)
    return {
        page: sorted(fetch(), key=lambda row: row[0], reverse=page.place.descending)
        for page, fetch in pending.items()
    }
