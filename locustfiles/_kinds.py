"""Kinds of pages that a scenario of one's own knows: their addresses, what must be on them, and where they lead."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from locustfiles._errors import SwarmError
from locustfiles._oracle import Finding
from locustfiles._pages import REDIRECT, WRITES
from locustfiles._steps import Errand, where
from locustfiles._urls import UrlTable, split_url
from locustfiles._viewers import spellings

MOST: Final = 64
"""Kinds of a scenario; a record numbers its routes in seven bits."""

_NAME = re.compile(r"[A-Za-z][\w-]{0,39}", re.ASCII)

LOGIN: Final = "{login}"
_RESERVED = {*WRITES, REDIRECT, "member", "me"}

Check: TypeAlias = Callable[[str, str, str | None], str | None]
"""Text of a page, its path, and the login of whom it was made for (None: a reader) to what is wrong with it."""


def require_name(what: str, name: object) -> None:
    """Refuse a name that folders, tables and options could not hold.

    Raises:
        SwarmError: It is no word.
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise SwarmError(f"a {what} is called {name!r}; give it a word of letters, digits, _ and -, at most forty")


@dataclass(frozen=True, slots=True)
class PageKind:
    r"""One kind of page, which is a route of the record.

    Its addresses are those of the site's that match ``pattern``, or those listed in ``pages``; a kind with neither is
    one that only steps lead to.

    Attributes:
        pattern: Regular expression for the beginning of a path with its query, such as ``/p/\d+``. The first kind that
            fits has the address; a kind with ``then`` begins at every address that fits, and takes none away.
        pages: Paths, each as popular as the others.
        shows: Texts that must be on every such page; ``{login}`` stands for the member's, and such a text is not
            looked for on readers' pages.
        hides: Texts that must not be, worded alike.
        check: Called with the text of a page, its path and the member's login (None for a reader); gives in words
            what is wrong, or None.
        then: Where a visit goes on from here: steps, begun with the visit and the page.
        for_members: Asked for by members alone.
        writes: Whether the steps send anything but GET; on such a site that needs ``--allow-writes``.

    Raises:
        SwarmError: It is worded wrongly.
    """

    name: str
    pattern: str | None = None
    pages: Sequence[str] = ()
    shows: str | Sequence[str] = ()
    hides: str | Sequence[str] = ()
    check: Check | None = None
    then: Errand | None = None
    for_members: bool = False
    writes: bool = False

    def __post_init__(self) -> None:
        """Refuse what no page can be."""
        require_name("page kind", self.name)
        if self.name in _RESERVED:
            raise SwarmError(f"a page kind is called {self.name!r}, which means something else here; rename it")
        for name in ("shows", "hides", "pages"):
            object.__setattr__(self, name, self._texts(name))
        object.__setattr__(self, "pages", tuple(dict.fromkeys(map(self._path, self.pages))))
        if self.pattern is not None and self.pages:
            raise self._error("has both pattern and pages", "give one")
        try:
            re.compile(self.pattern or "")
        except (re.error, TypeError) as error:
            raise self._error(f"has the pattern {self.pattern!r} ({error})", "give a regular expression") from None
        if self.check is not None and not callable(self.check):
            raise self._error(f"has the check {self.check!r}", "give a function of text, path and login")
        if self.then is not None and not inspect.isgeneratorfunction(self.then):
            raise self._error("has a then that yields nothing", "give a function with yield Request(…) in it")
        if self.then is not None and not self.has_addresses:
            raise self._error("has steps and no page to begin at", "give it a pattern or pages")
        if self.writes and self.then is None:
            raise self._error("writes, and has no steps that could", "give it then=…, or leave writes out")

    @property
    def has_addresses(self) -> bool:
        """Whether the plan can draw a page of this kind; otherwise only steps lead to one."""
        return self.pattern is not None or bool(self.pages)

    @property
    def is_marked(self) -> bool:
        """Whether there is something to check a page of this kind by."""
        return bool(self.shows or self.hides or self.check)

    def fits(self, path: str) -> bool:
        """Whether a path matches the pattern."""
        return self.pattern is not None and re.match(self.pattern, path) is not None

    def judge(self, page: bytes, path: str, login: str | None) -> Finding | None:
        """What is wrong with a page of this kind.

        Args:
            page: The decoded body.
            path: Where it was asked for.
            login: For whom; None for a reader.
        """
        for text in self.shows:
            if not any(spelled in page for spelled in _spelled(text, login)):
                verdict = "not_logged_in" if LOGIN in text else "wrong_page"
                return Finding(verdict, f"{text!r} on a page of kind {self.name}", "a page without it")
        for text in self.hides:
            if any(spelled and spelled in page for spelled in _spelled(text, login)):
                return Finding("wrong_page", f"a page of kind {self.name} without {text!r}", "a page with it")
        if self.check is None:
            return None
        try:
            problem = self.check(page.decode("utf-8", "replace"), path, login)
        except Exception as error:
            problem = where(error)
        return (
            None if problem is None else Finding("wrong_page", f"a good page of kind {self.name}", str(problem)[:200])
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON data; functions are named."""
        data: dict[str, Any] = {
            "name": self.name,
            "pattern": self.pattern,
            "pages": list(self.pages),
            "shows": list(self.shows),
            "hides": list(self.hides),
            "check": self.check and getattr(self.check, "__qualname__", type(self.check).__name__),
            "then": self.then and getattr(self.then, "__qualname__", type(self.then).__name__),
            "for_members": self.for_members,
            "writes": self.writes,
        }
        return {"name": self.name, **{name: value for name, value in data.items() if value}}

    def _error(self, what: str, remedy: str) -> SwarmError:
        return SwarmError(f"page kind {self.name!r} {what}; {remedy}")

    def _texts(self, name: str) -> tuple[str, ...]:
        value = getattr(self, name)
        texts = (value,) if isinstance(value, str) else tuple(value)
        if not all(isinstance(text, str) and text for text in texts):
            raise self._error(f"has {name} {value!r}", "give texts that are not empty")
        return texts

    def _path(self, text: str) -> str:
        try:
            host, path = split_url(text)
        except ValueError:
            host, path = text, ""
        if host is not None:
            raise self._error(f"has the page {text!r}", "give a path that begins with /")
        return path


def sort_addresses(table: UrlTable | None, kinds: Sequence[PageKind], scenario: str) -> UrlTable:
    """The addresses of a site with those that kinds list, each under the route of its kind.

    Args:
        table: Of the site, from elsewhere; None where the kinds are all that is known.
        kinds: Of the scenario.
        scenario: Its name, for errors and the record.

    Raises:
        SwarmError: There is no address, or a kind has none.
    """
    if table is None and (lost := [kind.name for kind in kinds if kind.pattern is not None]):
        raise SwarmError(
            f"scenario {scenario!r} knows pages of kind {lost[0]} by a pattern, and no addresses were given; say what "
            "to ask for: --urls, --sitemap or --access-log"
        )
    rows = [] if table is None else list(_sorted(table, kinds))
    rows += [(path, 1.0, kind.name) for kind in kinds for path in kind.pages]
    whole = dict.fromkeys((path, weight) for path, weight, _ in rows)
    for kind in kinds:
        if kind.then is not None and kind.pattern is not None:
            rows += [(path, weight, kind.name) for path, weight in whole if kind.fits(path)]
    listed = sum(len(kind.pages) for kind in kinds)
    words = [] if table is None else [table.source]
    words += [f"{listed:,} listed by scenario {scenario}"] if listed else []
    if not rows:
        raise SwarmError(f"scenario {scenario!r} lists no page, and no addresses were given; give --urls or --sitemap")
    paths, weights, routes = zip(*rows, strict=True)
    return UrlTable(paths, weights, routes, ", and ".join(words))


def _sorted(table: UrlTable, kinds: Sequence[PageKind]) -> Iterator[tuple[str, float, str]]:
    """The rows of a table that no kind lists, with the route of the first kind that fits or else their own."""
    plain = [kind for kind in kinds if kind.then is None]
    listed = {path for kind in plain for path in kind.pages}
    names = {kind.name for kind in kinds}
    for path, weight, route in zip(table.paths, table.weights, table.routes, strict=True):
        if path not in listed:
            kind = next((kind.name for kind in plain if kind.fits(path)), None)
            yield path, weight, kind or (f"/{route}" if route in names else route)


def _spelled(text: str, login: str | None) -> Collection[bytes]:
    """A marker as it may stand in a page; nothing that could be missed where it needs a login and there is none."""
    if LOGIN not in text:
        return (text.encode(),)
    if login is None:
        return (b"",)
    return [text.encode().replace(LOGIN.encode(), spelling) for spelling in spellings(login)]
