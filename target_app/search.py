"""Searches: what is looked for, in the one form in which it is compared, hashed and handed to the index."""

from __future__ import annotations

import hashlib
import re
import unicodedata

LONGEST = 64
"""Most characters of a search, in its one form."""
LAST_PAGE = 5
"""Results beyond this page are not shown."""
USUAL_LIMIT, MOST_LIMIT = 20, 100
"""How many articles a program is given at once: unless it asks for another number, and at most."""
_ID_DIGITS = 16
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def normalised(text: str) -> str:
    """The form in which searches are equal: canonical Unicode without case, with single spaces between the words.

    Control characters count as spaces.
    """
    # Unicode compares without case on decomposed text: folding composed text would not settle in one step.
    folded = unicodedata.normalize("NFD", _CONTROL.sub(" ", text)).casefold()
    return " ".join(unicodedata.normalize("NFC", folded).split())


def read_words(word: str) -> str | None:
    """The value of ``q`` in its one form; None when it is longer than a search may be."""
    words = normalised(word)
    return words if len(words) <= LONGEST else None


def read_page(word: str) -> str | None:
    """The value of ``page`` in its one form, empty for the first; None when there can be no such page."""
    if word in {"", "1"}:
        return ""
    return word if word in {str(number) for number in range(2, LAST_PAGE + 1)} else None


def read_after(word: str) -> str | None:
    """The value of ``after``, an article's id, in its one form, empty for the beginning; None when it is no id."""
    if not word.isascii() or not word.isdigit() or len(word) > _ID_DIGITS:
        return None if word else ""
    return str(int(word))


def read_limit(word: str) -> str | None:
    """The value of ``limit`` in its one form, empty for the usual one; None when no list is so long."""
    if word in {"", str(USUAL_LIMIT)}:
        return ""
    return word if word in {str(number) for number in range(1, MOST_LIMIT + 1)} else None


def fingerprint(words: str) -> str:
    """12 hex digits that tell one normalised search from another: the beginning of its SHA-256 in UTF-8."""
    return hashlib.sha256(words.encode()).hexdigest()[:12]


def expression(words: str) -> str:
    """A normalised search in the language of the index: every word quoted, all of them wanted."""
    # Inside quotes only the quote itself means anything, so nothing a reader types is an operator.
    return " ".join('"' + word.replace('"', '""') + '"' for word in words.split())
