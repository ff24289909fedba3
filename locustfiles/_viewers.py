"""The viewers of a site that is not ours: for whom a page was made, as the markers of a recipe tell.

Such a site has no content marks. A recipe's ``logged_in`` text with a member's login in it takes the place of the
viewer's mark; which article a page shows stays unchecked.
"""

from __future__ import annotations

import html
import re
from collections.abc import Collection, Sequence
from itertools import product

from locustfiles._recipe import Account, Recipe


class Viewers:
    """Tells from a page for whom it was made.

    Args:
        recipe: Its markers and accounts. They are looked for as bytes of UTF-8, with a login as it is and as HTML
            escapes it; where one login begins another, the longer one is seen.
    """

    def __init__(self, recipe: Recipe) -> None:
        before, *between = recipe.logged_in.split("{login}")
        pieces = [piece.encode() for piece in (before, *between)]
        self._hint = max(pieces, key=len)  # quicker to look for than the whole; absent from nearly every reader's page
        self._logged_out = None if recipe.logged_out is None else recipe.logged_out.encode()
        self._logins = {spelling: a.login for a in recipe.accounts for spelling in spellings(a.login)}
        self._marker = _marker(pieces, self._logins) if recipe.knows_viewers else None

    def judge(self, page: bytes, account: Account, *, required: bool) -> str:
        """Judge a page that a member asked for.

        Args:
            page: The decoded body.
            account: Who asked.
            required: Whether the page has to show that somebody is logged in, as the recipe's check page does.

        Returns:
            ``ok``; ``wrong_viewer`` where another member's marker is in it; ``not_logged_in`` where the logged-out
            marker is, or the member's own is missing though required.
        """
        if self._marker is None:
            shown = self._hint in page
        else:
            viewers = self._viewers(page)
            shown = account.login in viewers
            if viewers - {account.login}:
                return "wrong_viewer"
        if self.shows_nobody(page) or (required and not shown):
            return "not_logged_in"
        return "ok"

    def shows_nobody(self, page: bytes) -> bool:
        """Whether the logged-out marker is in a page."""
        return self._logged_out is not None and self._logged_out in page

    def judge_anonymous(self, page: bytes) -> str:
        """Judge a page that a reader without a session asked for: ``leak`` where a member's marker is in it."""
        if self._hint not in page:
            return "ok"
        return "leak" if self._marker is None or self._viewers(page) else "ok"

    def _viewers(self, page: bytes) -> set[str]:
        if self._marker is None or self._hint not in page:
            return set()
        return {self._logins[found.group(1)] for found in self._marker.finditer(page)}


def _marker(pieces: Sequence[bytes], logins: Collection[bytes]) -> re.Pattern[bytes]:
    """One pattern for every account's marker, with the login as its group."""
    before, after, *others = (re.escape(piece) for piece in pieces)
    choices = b"|".join(re.escape(login) for login in sorted(logins, key=len, reverse=True))
    # At an open end of the marker a login must be a whole word: Ann's is not in a page of Anna's.
    start = b"" if before else rb"(?<![\w\x80-\xff])"
    end = b"" if pieces[-1] else rb"(?![\w\x80-\xff])"
    return re.compile(start + before + b"(" + choices + b")" + b"".join([after, *(rb"\1" + o for o in others)]) + end)


def spellings(login: str) -> set[bytes]:
    """A login as it may stand in HTML: bare, and with its quotes escaped in each of the usual ways."""
    escaped = html.escape(login, quote=False)
    singles, doubles = ("'", "&#039;", "&#39;", "&#x27;", "&apos;"), ('"', "&quot;", "&#34;", "&#034;")
    ways = {escaped.replace("'", single).replace('"', double) for single, double in product(singles, doubles)}
    return {spelling.encode() for spelling in (login, *ways)}
