"""What a page leads to: its links, and its forms with what a browser would send of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Final

_TYPED: Final = frozenset({"text", "email", "tel"})
_CHOSEN: Final = frozenset({"checkbox", "radio"})
_NEVER_SENT: Final = frozenset({"submit", "image", "button", "reset", "file"})
_NAMES_A_LOGIN: Final = re.compile(r"user|login|mail|name|^log$|account", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Link:
    """Where a page leads.

    Attributes:
        target: As it stands in the page.
        words: What is written on it.
    """

    target: str
    words: str


@dataclass(slots=True)
class Form:
    """A form as a page has it.

    Attributes:
        id: Its id, or nothing.
        action: Where it is sent, as it stands in the page.
        values: What a browser would send if nobody typed anything.
        typed: Names of the fields one types a text into, in order.
        passwords: Names of the fields for passwords that a browser would send.
        has_password: Whether it asks for one at all.
    """

    id: str
    action: str
    values: dict[str, str] = field(default_factory=dict)
    typed: list[str] = field(default_factory=list)
    passwords: list[str] = field(default_factory=list)
    has_password: bool = False
    has_button: bool = False

    @property
    def is_for_logins(self) -> bool:
        """Whether it asks for a name and one password; two would be for somebody new."""
        return len(self.passwords) == 1 and bool(self.typed)

    @property
    def login_field(self) -> str:
        """The field for the name: the first that is called so, else the first there is."""
        return next((name for name in self.typed if _NAMES_A_LOGIN.search(name)), self.typed[0])

    def take(self, tag: str, attributes: Mapping[str, str]) -> None:
        """Take an input or a button in."""
        name = attributes.get("name", "")
        kind = attributes.get("type", "submit" if tag == "button" else "text").lower()
        is_default_button = kind == "submit" and not self.has_button
        self.has_button |= kind in {"submit", "image"}
        self.has_password |= kind == "password"
        if not name or "disabled" in attributes:
            return
        if kind == "password":
            self.passwords.append(name)
        elif kind in _TYPED:
            self.typed.append(name)
        if kind in _CHOSEN:
            if "checked" in attributes:
                self.values[name] = attributes.get("value", "on")
        elif kind not in _NEVER_SENT or is_default_button:
            self.values[name] = attributes.get("value", "")


class Page(HTMLParser):
    """The links and forms of a page, broken HTML included.

    Attributes:
        links: In their order.
        forms: In their order.
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[Link] = []
        self.forms: list[Form] = []
        self._in_form = False
        self._link: tuple[str, list[str]] | None = None
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """See ``HTMLParser``."""
        attributes = {name: value or "" for name, value in reversed(attrs)}  # of two alike the first counts
        if tag == "a" and "href" in attributes:
            self._link = (attributes["href"], [])
        elif tag == "form":
            if not self._in_form:  # HTML has no form within a form
                self.forms.append(Form(attributes.get("id", ""), attributes.get("action", "")))
            self._in_form = True
        elif tag in {"input", "button"} and self._in_form:
            self.forms[-1].take(tag, attributes)

    def handle_data(self, data: str) -> None:
        """See ``HTMLParser``."""
        if self._link is not None:
            self._link[1].append(data)

    def handle_endtag(self, tag: str) -> None:
        """See ``HTMLParser``."""
        if tag == "form":
            self._in_form = False
        elif tag == "a" and self._link is not None:
            target, words = self._link
            self.links.append(Link(target, " ".join("".join(words).split())))
            self._link = None
