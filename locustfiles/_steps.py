"""Requests that a scenario of one's own words itself: the steps of an errand, or of a log-in.

Steps are a generator: it yields a ``Request``, is given the ``Reply`` of the page that came of it, and yields the next
one. It never holds a connection: the swarm sends, times, records and checks whatever it asks for. Nothing here sends.
"""

from __future__ import annotations

import json
import random
import re
import traceback
from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeAlias
from urllib.parse import urlencode

from locustfiles._errors import SwarmError
from locustfiles._reply import Reply

_TOKEN = re.compile(r"[!#$%&'*+.^`|~\w-]+", re.ASCII)
_VALUE = re.compile(r"[\x20-\x7e\x80-\xff\t]*")
_OURS: Final = frozenset(
    {"host", "connection", "content-length", "content-type", "transfer-encoding", "cookie", "expect", "upgrade"}
)

LONGEST: Final = 20
"""Requests of one run of steps; with five redirects each, a record numbers them in seven bits."""

Fields: TypeAlias = tuple[tuple[str, str], ...]
"""Header fields in their order, of names that differ."""

Steps: TypeAlias = Generator["Request", Reply, Any]
"""What a function of steps returns: it yields requests and is sent replies."""


class StepError(Exception):
    """Steps that somebody wrote went wrong, or found a page that is not as they need it; says where and why."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request of a visitor.

    Attributes:
        path: Where to: a path, or an address as it stands in the last page, relative or whole, on the same site.
        method: GET, or POST where there is something to send.
        form: Sent as browsers send a form; a field of several values has a list of them.
        json: Sent as JSON.
        headers: Further header fields; they take the place of a browser's own of the same name.
        kind: The kind of page that comes of it: its route in the record, and its markers. Empty: that of the errand.

    Raises:
        SwarmError: It cannot be sent.
    """

    path: str
    method: str = ""
    form: Mapping[str, str | Sequence[str]] | None = None
    json: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    kind: str = ""

    def __post_init__(self) -> None:
        """Refuse what cannot be sent."""
        if self.form is not None and self.json is not None:
            raise SwarmError(f"the request of {self.path!r} has both form and json; give one")
        sends = self.form is not None or self.json is not None
        method = self.method or ("POST" if sends else "GET")
        if not _TOKEN.fullmatch(method) or method != method.upper():
            raise SwarmError(f"the request of {self.path!r} has the method {method!r}; write GET, POST, PUT, …")
        if sends and self.is_safe(method):
            raise SwarmError(f"the request of {self.path!r} sends something with {method}; use POST")
        object.__setattr__(self, "method", method)
        fields_of(self.headers, f"the request of {self.path!r}")

    @staticmethod
    def is_safe(method: str) -> bool:
        """Whether a method only asks."""
        return method in {"GET", "HEAD"}

    @property
    def body(self) -> tuple[bytes, str] | None:
        """What is sent, with its media type."""
        if self.form is not None:
            return urlencode(self.form, doseq=True).encode(), "application/x-www-form-urlencoded"
        if self.json is not None:
            return json.dumps(self.json).encode(), "application/json"
        return None


class Visit:
    """One visit, as its steps and they alone know it.

    Attributes:
        path: The page that the plan drew, and that has just been answered.
        login: Who asks; None for a reader.
    """

    def __init__(self, path: str, login: str | None, seed: str) -> None:
        self.path = path
        self.login = login
        self._seed = seed
        self._random: random.Random | None = None

    @property
    def random(self) -> random.Random:
        """Draws that the plan fixes: the same seed draws the same, in both arms of a duet."""
        if self._random is None:
            self._random = random.Random(self._seed)
        return self._random


Errand: TypeAlias = Callable[[Visit, Reply], Steps]
"""Begins with the page that the plan drew."""


class Course:
    """Steps under way.

    Args:
        steps: What somebody wrote.
        resolve: A path and an address on its page to the path that means on this site; None: it is none of this site.
        writes: Whether they may send anything but GET.
        kinds: Of pages they may ask for; None: none are told apart.

    Attributes:
        path: Where the next request goes; to be set to where redirects led.
        result: What they returned, once they are over.
    """

    def __init__(
        self,
        steps: Steps,
        resolve: Callable[[str, str], str | None] = lambda _, address: address,
        *,
        writes: bool = True,
        kinds: Collection[str] | None = None,
    ) -> None:
        self._steps = steps
        self._resolve = resolve
        self._writes = writes
        self._kinds = kinds
        self._count = -1
        self.path = "/"
        self.result: Any = None

    def next(self, reply: Reply | None = None) -> Request | None:
        """The next request; None when the steps are over.

        Args:
            reply: What came of the last one; of no use the first time, when nothing has been asked for.

        Raises:
            StepError: They broke off, or asked for what they may not.
        """
        self._count += 1
        try:
            request = self._steps.send(reply) if self._count and reply is not None else next(self._steps)
        except StopIteration as end:
            self.result = end.value
            return None
        except Exception as error:
            raise StepError(where(error)) from error
        if not isinstance(request, Request):
            raise StepError(f"yielded {type(request).__name__} instead of a Request")
        path = self._resolve(self.path, request.path)
        if path is None:
            raise StepError(f"asked for {request.path!r}, which is not on this site")
        if not (self._writes or request.is_safe(request.method)):
            raise StepError(f"sent {request.method}, and the kind of page it began at does not say writes=True")
        if request.kind and self._kinds is not None and request.kind not in self._kinds:
            raise StepError(f"asked for a page of kind {request.kind!r}, which the scenario does not have")
        if self._count >= LONGEST:
            raise StepError(f"asked for more than {LONGEST} pages")
        self.path = path
        return request


def fields_of(headers: Mapping[str, str], whose: str) -> Fields:
    """Header fields as they are sent.

    Raises:
        SwarmError: One cannot be sent, or is the client's own business.
    """
    for name, value in headers.items():
        if not isinstance(name, str) or not _TOKEN.fullmatch(name):
            raise SwarmError(f"{whose} has the header {name!r}, which is no name of one")
        if name.lower() in _OURS:
            raise SwarmError(f"{whose} has the header {name!r}, which the client writes itself; leave it out")
        if not isinstance(value, str) or not _VALUE.fullmatch(value):
            raise SwarmError(
                f"{whose} has the header {name!r} with a value that no header holds; give one line of text"
            )
    return merged(tuple(headers.items()))


def merged(*parts: Fields) -> Fields:
    """Fields of several sources; of two with one name the later counts."""
    return tuple({name.lower(): (name, value) for part in parts for name, value in part}.values())


def where(error: BaseException) -> str:
    """An exception of code that somebody else wrote, in one line: file, the last line of it, class and message."""
    frames = traceback.extract_tb(error.__traceback__)
    theirs = next((f.filename for f in frames if Path(f.filename).parent != Path(__file__).parent), "")
    lines = [frame.lineno for frame in frames if frame.filename == theirs]
    place = f"{Path(theirs).name} line {lines[-1]}: " if lines else ""
    return f"{place}{described(error)}"


def described(error: BaseException) -> str:
    """Class and message of an exception, on one line; of a refusal the message alone."""
    message = " ".join(str(error).split())
    if isinstance(error, SwarmError):
        return message
    return f"{type(error).__name__}: {message}" if message else type(error).__name__
