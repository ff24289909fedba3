"""The switches of the site: what can be changed for an experiment, and how ``NAME=VALUE`` is read."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from target_app.errors import SettingError

INJECT_CLASSES = ("hit", "miss", "bypass", "any")
FAULTS = ("leak_member_page", "wrong_article", "stale_after_purge", "silent_cache")
NONE = "none"
_MAX_DELAY_MS = 60_000.0
_MAX_PAUSE_S = 60.0
_MAX_EVERY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Injection:
    """A known delay put into some responses, so that a harness can be checked against the truth.

    Attributes:
        route: Route name, or ``any``.
        cache_class: One of ``INJECT_CLASSES``; ``miss`` covers every response that had to be made anew by an
            uncached or expired entry, ``bypass`` those that were never looked up.
        fraction: Share of the matching responses that are delayed, 0 to 1.
        delay: Seconds.
    """

    route: str
    cache_class: str
    fraction: float
    delay: float

    def __str__(self) -> str:
        return f"{self.route}:{self.cache_class}:{self.fraction:g}:{self.delay * 1e3:g}"


@dataclass(frozen=True, slots=True)
class Stall:
    """The whole process holds still, again and again.

    Attributes:
        seconds: For how long.
        every: Seconds from the start of one stall to the start of the next; the first comes so long after the start.
    """

    seconds: float
    every: float

    def __str__(self) -> str:
        return f"{self.seconds:g}:{self.every:g}"


@dataclass(frozen=True, slots=True)
class Outage:
    """Bursts in which a share of the requests is refused at once with 503.

    Attributes:
        fraction: Share of the requests that are refused during a burst, 0 to 1.
        seconds: Length of a burst.
        every: Seconds from the start of one burst to the start of the next; the first comes so long after the start.
    """

    fraction: float
    seconds: float
    every: float

    def __str__(self) -> str:
        return f"{self.fraction:g}:{self.seconds:g}:{self.every:g}"


@dataclass(frozen=True, slots=True)
class Settings:
    """One configuration of the site; the defaults are the good values."""

    page_cache: bool = True
    cache_ttl: int = 86_400
    stale_while_revalidate: int = 300
    stale_if_error: int = 86_400
    early_refresh: bool = True
    cache_bytes: int = 256 * 2**20
    coalesce: bool = True
    db_index: bool = True
    meta_query: str = "one"
    similar: str = "stored"
    compression: str = "stored"
    assets: str = "immutable"
    purge: str = "tags"
    cache_skip: float = 0.0
    inject: tuple[Injection, ...] = ()
    stall: Stall | None = None
    errors: Outage | None = None
    fault: str = "none"

    def to_dict(self) -> dict[str, str | list[str]]:
        """Every setting in the words ``--set`` reads; a repeatable one is a list."""
        return {
            setting.name: (
                [str(item) for item in getattr(self, setting.name)]
                if setting.repeatable
                else setting.word(getattr(self, setting.name))
            )
            for setting in CATALOGUE
        }


@dataclass(frozen=True, slots=True)
class Setting:
    """One entry of the catalogue.

    Attributes:
        choices: The words it takes, or one description of the value in capitals.
        read: Word to value; raises ValueError when the word is not taken.
        word: Value to word.
    """

    name: str
    choices: tuple[str, ...]
    purpose: str
    read: Callable[[str], Any]
    word: Callable[[Any], str] = str
    repeatable: bool = field(default=False)


def _choice(*words: str) -> Callable[[str], str]:
    def read(word: str) -> str:
        if word not in words:
            raise ValueError(word)
        return word

    return read


def _switch(word: str) -> bool:
    return {"on": True, "off": False}[_choice("on", "off")(word)]


def _switch_word(value: object) -> str:
    return "on" if value else "off"


def _whole(word: str) -> int:
    value = int(word) if word.isascii() and word.isdigit() else -1
    if not 0 <= value < 2**53:
        raise ValueError(word)
    return value


def _fraction(word: str) -> float:
    value = float(word)
    if not 0 <= value <= 1:
        raise ValueError(word)
    return value


def _fraction_word(value: float) -> str:
    return f"{value:g}"


def _optional_word(value: object) -> str:
    return NONE if value is None else str(value)


def _stall(word: str) -> Stall | None:
    if word == NONE:
        return None
    seconds, every = map(float, word.split(":"))
    _require_rhythm(word, seconds, every)
    return Stall(seconds, every)


def _outage(word: str) -> Outage | None:
    if word == NONE:
        return None
    fraction, seconds, every = word.split(":")
    outage = Outage(_fraction(fraction), float(seconds), float(every))
    _require_rhythm(word, outage.seconds, outage.every)
    return outage


def _require_rhythm(word: str, seconds: float, every: float) -> None:
    if not (0 < seconds < every and seconds <= _MAX_PAUSE_S and every <= _MAX_EVERY_S):
        raise ValueError(word)


def _injection(word: str) -> Injection:
    # Late: the policy table is the one list of route names, and it is not needed to read any other setting.
    from target_app.policy import ROUTES

    route, cache_class, fraction, delay_ms = word.split(":")
    injection = Injection(route, cache_class, float(fraction), float(delay_ms) / 1e3)
    if (
        route not in (*ROUTES, "any")
        or cache_class not in INJECT_CLASSES
        or not 0 <= injection.fraction <= 1
        or not 0 <= injection.delay * 1e3 <= _MAX_DELAY_MS
    ):
        raise ValueError(word)
    return injection


CATALOGUE: tuple[Setting, ...] = (
    Setting(
        "page_cache",
        ("on", "off"),
        "Answer anonymous readers from finished pages, or render every page anew: the main before/after.",
        _switch,
        _switch_word,
    ),
    Setting("cache_ttl", ("SECONDS",), "Cap on how long any page stays fresh; 0 keeps nothing.", _whole),
    Setting(
        "stale_while_revalidate",
        ("SECONDS",),
        "Cap on how long a page that is no longer fresh is sent while it is made anew; 0 lets a reader wait for it.",
        _whole,
    ),
    Setting(
        "stale_if_error",
        ("SECONDS",),
        "Cap on how long a page that is no longer fresh stands in for a failure; 0 shows the failure.",
        _whole,
    ),
    Setting(
        "early_refresh",
        ("on", "off"),
        "Make a page anew a little before its end, by chance and beside the request that meets it, or let it end.",
        _switch,
        _switch_word,
    ),
    Setting("cache_bytes", ("BYTES",), "Bound on the memory of stored pages; small values force evictions.", _whole),
    Setting(
        "coalesce",
        ("on", "off"),
        "Let simultaneous cold requests for one page share a single render, or let each render (a stampede).",
        _switch,
        _switch_word,
    ),
    Setting(
        "db_index",
        ("on", "off"),
        "Find articles, their meta rows and the pages of lists through indexes, or read through the whole table.",
        _switch,
        _switch_word,
    ),
    Setting(
        "meta_query",
        ("one", "per_key"),
        "Fetch a post's twenty meta rows with one statement, or one by one as an N+1 would.",
        _choice("one", "per_key"),
    ),
    Setting(
        "similar",
        ("stored", "computed"),
        "Read similar posts from where they were left when the article was stored, or look for the articles that share "
        "most tags for every page.",
        _choice("stored", "computed"),
    ),
    Setting(
        "compression",
        ("stored", "per_request", "off"),
        "Keep the gzip form beside a stored page, compress on every response, or never compress.",
        _choice("stored", "per_request", "off"),
    ),
    Setting(
        "assets",
        ("immutable", "revalidate", "no_store"),
        "Tell browsers to keep static files for a year, to ask each time, or not to keep them.",
        _choice("immutable", "revalidate", "no_store"),
    ),
    Setting(
        "purge",
        ("tags", "all"),
        "Let a change drop the pages that show what changed, or every page there is.",
        _choice("tags", "all"),
    ),
    Setting(
        "cache_skip",
        ("FRACTION",),
        "Treat this share of the lookups in the page cache as misses and render the page anew: a lower hit ratio, "
        "with neither hits nor misses made any other way.",
        _fraction,
        _fraction_word,
    ),
    Setting(
        "inject",
        ("ROUTE:CLASS:FRACTION:DELAY_MS",),
        "Add a known delay to a share of the responses of a route and cache class (hit, miss, bypass, any): "
        "the truth a harness can be checked against.",
        _injection,
        repeatable=True,
    ),
    Setting(
        "stall",
        (NONE, "SECONDS:EVERY"),
        "Hold the whole process still for so many seconds, every so many seconds, the first time so long after the "
        "start: what measurements that wait for replies leave out.",
        _stall,
        _optional_word,
    ),
    Setting(
        "errors",
        (NONE, "FRACTION:SECONDS:EVERY"),
        "Refuse a share of the requests for pages at once with 503, in bursts of so many seconds, every so many "
        "seconds, the first time so long after the start: replies that are fast because they are no pages.",
        _outage,
        _optional_word,
    ),
    Setting(
        "fault",
        ("none", *FAULTS),
        "Serve a deliberately broken build, to prove that checks on the traffic notice.",
        _choice("none", *FAULTS),
    ),
)
_BY_NAME = {setting.name: setting for setting in CATALOGUE}


def parse_settings(assignments: Iterable[str]) -> Settings:
    """Read ``NAME=VALUE`` assignments over the defaults; the last one of a name wins, ``inject`` adds up.

    Raises:
        SettingError: An assignment has no ``=``, an unknown name, or a value the setting does not take.
    """
    settings = Settings()
    for assignment in assignments:
        name, separator, word = assignment.partition("=")
        if not separator:
            raise SettingError(f"setting {assignment!r} has no value; write {assignment}=VALUE")
        setting = _BY_NAME.get(name)
        if setting is None:
            near = difflib.get_close_matches(name, _BY_NAME, n=1)
            remedy = f"did you mean {near[0]}?" if near else f"known settings: {', '.join(_BY_NAME)}"
            raise SettingError(f"unknown setting {name!r}; {remedy}")
        try:
            value = setting.read(word)
        except ValueError:
            raise SettingError(_refusal(setting, word)) from None
        if setting.repeatable:
            value = (*getattr(settings, name), value)
        settings = replace(settings, **{name: value})
    return settings


def _refusal(setting: Setting, word: str) -> str:
    near = difflib.get_close_matches(word, setting.choices, n=1)
    remedy = f"did you mean {near[0]}?" if near else f"it takes {' | '.join(setting.choices)}"
    return f"setting {setting.name} does not take {word!r}; {remedy}"


def catalogue() -> list[dict[str, Any]]:
    """The settings as plain data: name, default, choices, purpose, and whether it may be given repeatedly."""
    defaults = Settings().to_dict()
    return [
        {
            "name": setting.name,
            "default": defaults[setting.name],
            "choices": list(setting.choices),
            "purpose": setting.purpose,
            "repeatable": setting.repeatable,
        }
        for setting in CATALOGUE
    ]
