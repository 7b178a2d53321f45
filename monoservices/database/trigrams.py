"""Finding texts by any part of them on PostgreSQL, by an index of trigrams (extension pg_trgm).

A trigram does not reach over a character that is no letter and no digit, so that a search for
`R-17` would look up little more than words that begin with 17. So the index has capital letters
where the text has these characters, and small letters otherwise: the trigrams then reach over them,
because they ignore case, while LIKE tells the letters apart. `replace` is five times as fast as
`translate` here.
"""

from collections.abc import Sequence
from functools import cache

from monoservices.database.folding import fold_ascii, pattern
from monoservices.database.statements import Parameter

Condition = tuple[str, list[Parameter]]
"""SQL, and its parameters."""

LOOKED_UP = 7
"""How much of a text is looked up. The whole text is compared with what the index finds."""

_CAPITALS = {mark: chr(ord("A") + number) for number, mark in enumerate("-_.@/ +:#")}


def folded(expression: str) -> str:
    """The text in lower case. Of the collation C, that is ASCII's, the same on every server."""
    return f'lower(({expression}) COLLATE "C")'


@cache
def indexed(expression: str) -> str:
    """What the index is made of."""
    sql = folded(expression)
    for mark, capital in _CAPITALS.items():
        sql = f"replace({sql}, '{mark}', '{capital}')"
    return sql


def contains(expression: str, text: str) -> Condition:
    """Whether a text contains another one."""
    if text.isascii():
        return f"strpos({folded(expression)}, %s::text) > 0", [fold_ascii(text)]
    return f"{folded(expression)} ~ %s::text", [pattern(text)]


def may_contain(expression: str, text: str) -> Condition:
    """A condition that the index can look up, of all texts that contain another one."""
    if not text.isascii():
        return f"{indexed(expression)} ~ %s::text", [pattern(_marked(text), folds=False)]
    telling = _marked(_telling(text)).replace("\\", "\\\\").replace("%", "\\%")
    return f"{indexed(expression)} LIKE %s::text", [f"%{telling}%"]


def _telling(text: str) -> str:
    """The piece of a text to look up: a short one, because the index reads a list for each trigram.

    Of an e-mail address it is from what is before the domain, which many share. It is from the end,
    because that is what tells numbers apart.
    """
    name, at, domain = text.partition("@")
    return f"{name}{at}{domain[:1]}"[-LOOKED_UP:] if name else text[:LOOKED_UP]


def _marked(text: str) -> str:
    return "".join(_CAPITALS.get(letter, fold_ascii(letter)) for letter in text)


def index(name: str, *, table: str, columns: Sequence[str], condition: str, kilobytes: int) -> str:
    """The statement that creates such an index while others write.

    columns: as GIN indexes them, this index's own among them. condition: of the rows it has.
    kilobytes: how much of what was written waits until it is sorted into the index, all at once.
    """
    where = f" WHERE {condition}" if condition else ""
    return (
        f"CREATE INDEX CONCURRENTLY {name} ON {table} USING gin ({', '.join(columns)})"
        f" WITH (gin_pending_list_limit = {kilobytes}){where}"
    )
