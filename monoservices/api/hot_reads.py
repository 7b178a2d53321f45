"""Hot reads: rows of a table by their ids, and its pages, for many requests at once."""

from abc import abstractmethod
from collections.abc import Sequence
from functools import cache, cached_property
from typing import Any, ClassVar

import msgspec
from django.db.models import Model
from msgspec import UNSET, Struct, structs

from monoservices.api.hot_routes import HotRead, HotRequest, Look
from monoservices.api.http import parse_query
from monoservices.api.pagination import DEFAULT_LIMIT, Cursors, Page, Position
from monoservices.api.problems import Problem
from monoservices.api.whole_response import WholeResponse
from monoservices.database.hot_rows import HotRows, Place
from monoservices.database.statements import Row
from monoservices.services.scopes import Caller

Found = Row | Problem


class WantedRow(Struct, frozen=True):
    """A row that somebody wants to read."""

    id: int
    reader: Caller


class HotById(HotRead[WantedRow, Found]):
    """A route for one row, by the id at the end of its path.

    rows: what is read. missing: the problem if there is no such row.
    """

    rows: ClassVar[HotRows]
    missing: ClassVar[type[Problem]]

    @abstractmethod
    def represent(self, row: Row) -> Struct:
        """What a response sends for a row."""

    def is_visible(self, row: Row, reader: Caller) -> bool:
        """Whether this caller may see a row; otherwise it is as if there was none."""
        return True

    def headers(self, row: Row) -> dict[str, str]:
        """Headers of the response, such as an ETag. A client that has this one gets 304."""
        return {}

    def parse(self, request: HotRequest) -> WantedRow:
        return WantedRow(request.ids[-1], request.caller)

    def send(self, items: Sequence[WantedRow]) -> Look[Found]:
        fetch = self.rows.by("id", [item.id for item in items])

        def look() -> list[Found]:
            rows = fetch()
            return [self._find(rows.get(item.id), item.reader) for item in items]

        return look

    def answer(self, item: WantedRow, outcome: Found) -> WholeResponse:
        if isinstance(outcome, Problem):
            raise outcome
        body = msgspec.json.encode(self.represent(outcome))
        return WholeResponse(200, body, headers=self.headers(outcome))

    def _find(self, row: Row | None, reader: Caller) -> Found:
        return row if row is not None and self.is_visible(row, reader) else self.missing()


class AskedPage(Struct, frozen=True):
    """A page that a request asks for.

    place: of the rows to read, one more than the page has. backwards: whether the request goes
    back. url: of the list. limit: of the page. rest: more parameters of links to other pages.
    """

    place: Place
    backwards: bool
    url: str
    limit: int
    rest: str = ""


class ReadPage(Struct, frozen=True):
    """A page that was read. results: as JSON. next, previous: cursors of the pages around it."""

    results: bytes
    next: str | None = None
    previous: str | None = None


class HotList(HotRead[AskedPage, ReadPage]):
    """A list whose pages are hot as long as no parameter but `limit` and `cursor` is sent.

    model, rows: what is listed. query: the struct of its query string. descending: its order.
    """

    model: ClassVar[type[Model]]
    rows: ClassVar[HotRows]
    query: ClassVar[type[Struct]]
    descending: ClassVar[bool] = False

    @abstractmethod
    def represent(self, row: Row) -> Struct:
        """What a response sends for a row."""

    def owner(self, caller: Caller) -> int | None:
        """Whose rows this caller may see; None for all of them."""
        return None

    def parse(self, request: HotRequest) -> AskedPage | None:
        query = self.parse_query(request)
        return self.page(request, query) if sent(query) <= {"limit", "cursor"} else None

    def parse_query(self, request: HotRequest) -> Any:
        """The query string as a struct. Raises Invalid."""
        return parse_query(request.query, self.query) if request.query else self._usual_query

    def page(self, request: HotRequest, query: Any) -> AskedPage:
        """The page that a request asks for. Raises Invalid."""
        position = None if query.cursor is UNSET else self._cursors.read(query.cursor)
        backwards = position is not None and position.backwards
        place = Place(
            limit=query.limit + 1,
            beyond=None if position is None else position.after[1],
            descending=self.descending != backwards,
            owner=self.owner(request.caller),
        )
        return AskedPage(place, backwards, request.location, query.limit)

    def weight(self, item: AskedPage) -> int:
        return item.limit

    def send(self, items: Sequence[AskedPage]) -> Look[ReadPage]:
        fetch = self.rows.pages([item.place for item in items])

        def look() -> list[ReadPage]:
            rows = fetch()
            wanted = {item.place: item for item in items}  # many may want the same page
            pages = {place: self._read(item, rows[place]) for place, item in wanted.items()}
            return [pages[item.place] for item in items]

        return look

    def answer(self, item: AskedPage, outcome: ReadPage) -> WholeResponse:
        results: Any = msgspec.Raw(outcome.results)
        page = Page(results, _url(item, outcome.next), _url(item, outcome.previous))
        return WholeResponse(200, msgspec.json.encode(page))

    def encode(self, rows: Sequence[Row]) -> bytes:
        """Rows as the results of a page."""
        return msgspec.json.encode([self.represent(row) for row in rows])

    def _read(self, item: AskedPage, rows: Sequence[Row]) -> ReadPage:
        more, kept = len(rows) > item.limit, rows[: item.limit]
        if item.backwards:
            kept = kept[::-1]
        if not kept:
            return ReadPage(b"[]")
        has_next = more or item.backwards
        has_previous = item.place.beyond is not None and (more or not item.backwards)
        return ReadPage(
            self.encode(kept),
            self._cursor(kept[-1], backwards=False) if has_next else None,
            self._cursor(kept[0], backwards=True) if has_previous else None,
        )

    def _cursor(self, row: Row, *, backwards: bool) -> str:
        return self._cursors.write(Position([row[0], row[0]], backwards))

    @cached_property
    def _usual_query(self) -> Struct:
        return self.query()

    @cached_property
    def _cursors(self) -> Cursors:
        return Cursors(self.model, "-id" if self.descending else "id")


def sent(query: Struct) -> set[str]:
    """The names of the fields that are not as they are in an empty query string."""
    return {name for name, default in _defaults(type(query)) if getattr(query, name) != default}


@cache
def _defaults(struct: type[Struct]) -> tuple[tuple[str, Any], ...]:
    return tuple((field.name, field.default) for field in structs.fields(struct))


def _url(item: AskedPage, cursor: str | None) -> str | None:
    if cursor is None:
        return None
    rest = "" if item.limit == DEFAULT_LIMIT else f"&limit={item.limit}"
    return f"{item.url}?cursor={cursor}{rest}{item.rest}"
