"""Comparing texts in any case, by what both databases can do without a column for it.

Letters of ASCII are compared in lower case. Of other letters, each stands for itself and for the
single letter that it becomes in the other case, such as `ä` and `Ä`; a pattern says so.
"""

import string

_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


def fold_ascii(text: str) -> str:
    """`text` with small letters for the capital letters of ASCII."""
    return text.translate(_LOWER)


def pattern(text: str, *, folds: bool = True) -> str:
    """A regular expression, of PostgreSQL and of Python, that finds `text` in any case.

    It is for texts whose letters of ASCII are small. folds: whether those of `text` become small.
    """
    return "".join(map(_pattern_of, fold_ascii(text) if folds else text))


def _pattern_of(letter: str) -> str:
    if letter.isascii():
        return letter if letter.isalnum() else f"\\{letter}"
    cases = {letter, letter.lower(), letter.upper(), letter.upper().lower(), letter.casefold()}
    alike = sorted(each for each in cases if len(each) == 1)
    return f"[{''.join(alike)}]" if len(alike) > 1 else letter
