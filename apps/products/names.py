"""Searching names: in any case, in any Unicode form, by an index of trigrams on PostgreSQL."""

import unicodedata
from typing import Any, TypeVar

from django.db import models
from django.db.models import Value
from django.db.models.functions import StrIndex

MIN_LETTERS = 3
"""The trigram index cannot look up anything shorter."""
PREFIX_LETTERS = 4
"""A search for several words looks up only this much of each: 1.4 ms instead of 2.3 ms for three
words in the million names of `benchmarks.reads`."""

Rows = TypeVar("Rows", bound="models.QuerySet[Any]")


def fold(text: str) -> str:
    """`text` for comparisons that ignore case and Unicode form, the same on every database."""
    return unicodedata.normalize("NFKC", text).casefold()


class FoldedField(models.TextField):  # type: ignore[type-arg]  # set from another field
    """Another field's text, folded for searching. Saving a row sets it."""

    def __init__(self, *, source: str, **kwargs: Any) -> None:
        self.source = source
        super().__init__(editable=False, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        kwargs.pop("editable")
        return name, path, args, kwargs | {"source": self.source}

    def pre_save(self, model_instance: models.Model, add: bool) -> str:
        folded = fold(getattr(model_instance, self.source))
        setattr(model_instance, self.attname, folded)
        return folded


def named_like(rows: Rows, text: str) -> Rows:
    """The rows whose `folded_name` contains `text`.

    For a text of several words, the index looks up only the beginnings of the words, and PostgreSQL
    compares the whole text with the names that it finds: comparing a few more names is cheaper
    than reading the lists of all trigrams.
    """
    folded = fold(text)
    words = [word for word in folded.split() if len(word) >= MIN_LETTERS]
    if words in ([], [folded]):
        return rows.filter(folded_name__contains=folded)
    prefixes = {word[:PREFIX_LETTERS] for word in words}
    found = rows.alias(position=StrIndex("folded_name", Value(folded))).filter(position__gt=0)
    for part in sorted(prefixes) if len(prefixes) > 1 else words:
        found = found.filter(folded_name__contains=part)
    return found
