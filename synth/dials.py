"""Dials: what the articles of the natural profile can be made to be otherwise, and how each is read.

A dial that is not turned changes nothing: the articles are, to the byte, those of the profile. One that is turned
changes what it is about, and no other draw.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import Field, asdict, dataclass, field, fields
from datetime import date
from decimal import Decimal
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias, cast

from synth.draws import CELLS
from synth.errors import DialError

MOST_WORDS = 200_000
"""Of an article: a megabyte of text."""
MOST_PARTS = 100
"""Images, tags or links of an article."""
MOST_META = 100
LEAST_WORDS = 100
MOST_KEYS = 500
META_KINDS = ("text", "number", "list", "map", "records")
"""What a value of the meta box is: words, digits, words of a list, entries of a map, or maps of a list."""
LONGEST_KEY = 100
"""In characters."""
_LARGEST_VALUE = 10_000
_MOST_DIGITS = 18
FIRST_YEAR = 1970
SHAPES = ("wide", "deep", "fat")
"""What a larger meta box has more of: keys, levels, or words in a value."""

CASES = ("natural", "lower")

Number: TypeAlias = int | float
Lengths = tuple[int, ...]
"""Words at evenly spaced quantiles, the shortest article first."""


class _Dial(NamedTuple):
    """What a person needs to know of a dial.

    Attributes:
        takes: Which values.
        does: What it sets.
        effect: What that does to a cache, an index or a database.
        read: From what a person or a file says to the value.
    """

    takes: str
    does: str
    effect: str
    read: Callable[[object], Any]


def _number(said: object) -> Number:
    if isinstance(said, str):
        return float(said) if set(said) & set(".eE") else int(said)
    if isinstance(said, int | float) and not isinstance(said, bool):
        return said
    raise ValueError(said)


def _whole(least: int, most: int) -> Callable[[object], int]:
    def read(said: object) -> int:
        value = _number(said)
        if not isinstance(value, int) or not least <= value <= most:
            raise ValueError(said)
        return value

    return read


def _real(least: float, most: float) -> Callable[[object], float]:
    def read(said: object) -> float:
        value = float(_number(said))
        if not least <= value <= most:
            raise ValueError(said)
        return value

    return read


def _case(said: object) -> str:
    if said not in CASES:
        raise ValueError(said)
    return str(said)


def _several(said: object) -> list[object]:
    if isinstance(said, str):
        return [each.strip() for each in said.split(",")] if said.strip() else []
    if isinstance(said, list | tuple):
        return list(said)
    raise ValueError(said)


def _shares(said: object) -> tuple[float, ...]:
    values = tuple(float(_number(each)) for each in _several(said))
    if len(values) > MOST_PARTS + 1 or any(not 0 <= each < 1e9 for each in values) or (values and not sum(values)):
        raise ValueError(said)
    return values


def _quantiles(said: object) -> Lengths:
    values = tuple(map(_whole(1, MOST_WORDS), _several(said)))
    if list(values) != sorted(values) or len(values) == 1:
        raise ValueError(said)
    return values


def _days(said: object) -> tuple[date, ...]:
    days = tuple(each if type(each) is date else date.fromisoformat(str(each)) for each in _several(said))
    if list(days) != sorted(days) or len(days) == 1 or any(day.year < FIRST_YEAR for day in days):
        raise ValueError(said)
    return days


@dataclass(frozen=True, slots=True)
class MetaKey:
    """A further key of the meta box.

    Attributes:
        name: Of the key.
        share: Of the articles that have it.
        kind: One of ``META_KINDS``.
        size: Words, digits or entries of its value.
    """

    name: str
    share: float
    kind: str
    size: int


def largest(kind: str) -> int:
    """Return the most words, digits or entries that a value of the meta box of this kind has."""
    return _MOST_DIGITS if kind == "number" else _LARGEST_VALUE


def _meta_keys(said: object) -> tuple[MetaKey, ...]:
    keys = []
    for each in _several(said):
        if not isinstance(each, Mapping) or set(each) != {"name", "share", "kind", "size"}:
            raise ValueError(each)
        if not isinstance(each["name"], str) or not 0 < len(each["name"]) <= LONGEST_KEY:
            raise ValueError(each)
        if each["kind"] not in META_KINDS:
            raise ValueError(each)
        size = _whole(1, largest(each["kind"]))(each["size"])
        keys.append(MetaKey(each["name"], _real(0, 1)(each["share"]), each["kind"], size))
    if len({key.name for key in keys}) < len(keys) or len(keys) > MOST_KEYS:
        raise ValueError(said)
    return tuple(keys)


def _shape(said: object) -> str:
    if said not in SHAPES:
        raise ValueError(said)
    return str(said)


def _dial(default: Any, takes: str, does: str, effect: str, read: Callable[[object], Any]) -> Any:
    return field(default=default, metadata={"dial": _Dial(takes, does, effect, read)})


@dataclass(frozen=True)
class Dials:
    """How articles of the natural profile are drawn; the defaults are the profile.

    Make one of what somebody said with `read`, which checks it.
    """

    words: int = _dial(
        600,
        f"{LEAST_WORDS} to {MOST_WORDS}",
        "median of the words of an article",
        "Bytes of a page: how many pages a cache of a given size holds, what compression and sending cost, the size of "
        "the database and of its search index.",
        _whole(LEAST_WORDS, MOST_WORDS),
    )
    spread: float = _dial(
        0.8,
        "0 to 2",
        "how unequal lengths are: sigma of their lognormal distribution",
        "A few long pages that push many short ones out of a cache, and the tail of the times that a page takes.",
        _real(0, 2),
    )
    lengths: tuple[int, ...] = _dial(
        (),
        "numbers of words, ascending, at evenly spaced quantiles; none: by words and spread",
        "lengths as measured somewhere",
        "As of words and spread, with the shape of your own site.",
        _quantiles,
    )
    paragraph: int = _dial(
        0,
        "0, or 5 to 1000",
        "words of a paragraph, on average; 0: as the grammar makes them, about 60",
        "Elements of a page, which is what templates and browsers work through.",
        lambda said: _whole(0, 0)(said) if _number(said) == 0 else _whole(5, 1000)(said),
    )
    images: tuple[float, ...] = _dial(
        (),
        "shares of articles with 0, 1, 2, … images; none: the profile's, 0 to 4",
        "how many images an article shows",
        "Requests for each page view, and so the share of the traffic that is not pages.",
        _shares,
    )
    code: float = _dial(
        0.3,
        "0 to 1",
        "share of sections that end with code",
        "Words that no other article has, which an index keeps, and text that compresses worse.",
        _real(0, 1),
    )
    tags: tuple[float, ...] = _dial(
        (),
        "shares of articles with 0, 1, 2, … tags; none: what their subjects have, 3 to 5",
        "how many tags an article has",
        "Lists that an edit makes stale, rows that join articles and tags, and how many articles share a tag.",
        _shares,
    )
    links: int = _dial(
        4,
        f"0 to {MOST_PARTS}",
        "how many earlier articles an article links to, at most",
        "Pages that show another article's title, and go stale with it.",
        _whole(0, MOST_PARTS),
    )
    popularity: float = _dial(
        0.8,
        "0 to 2",
        "exponent of the Zipf curve of views; 0: all articles have as many",
        "The hit ratio that a cache of a given size can have: the higher, the fewer pages most readers want.",
        _real(0, 2),
    )
    near_duplicates: float = _dial(
        0.0,
        "0 to 1",
        "share of articles that are another one with some sentences changed",
        "What deduplicating stores, shared dictionaries and similarity searches find; ranks that lie close together.",
        _real(0, 1),
    )
    edits: int = _dial(
        40,
        "0 to 1000",
        "most edits that an article has had; the mean is a sixth of it",
        "How long ago pages were modified: validators, sitemaps and feeds, and what a crawler fetches again.",
        _whole(0, 1000),
    )
    published: tuple[date, ...] = _dial(
        (),
        f"days, ascending, at evenly spaced quantiles, from {FIRST_YEAR} on; none: from 2018 on, more every year",
        "when articles were published",
        "The depth of date archives, and where in an index by date the articles lie.",
        _days,
    )
    meta_scale: int = _dial(
        1,
        f"1 to {MOST_META}",
        "so many times the values that the meta box has by itself",
        "Rows or bytes that every article brings along; what a query for each key, or reading all of them, costs.",
        _whole(1, MOST_META),
    )
    meta_shape: str = _dial(
        "wide",
        " | ".join(SHAPES),
        "whether the further values are more keys, deeper nesting or longer text",
        "wide: rows and their index; deep: parsing and rendering; fat: bytes read for a page that does not show them.",
        _shape,
    )
    meta_keys: tuple[MetaKey, ...] = _dial(
        (),
        f"in a profile file alone: tables of name, share (0 to 1), kind ({', '.join(META_KINDS)}) and size",
        "further keys of the meta box, each in a share of the articles",
        "As of meta_scale, with the keys of your own site: what an index on them is worth, and what a query finds.",
        _meta_keys,
    )
    edge_every: int = _dial(
        0,
        "0 to 1000000000; 0: never",
        "every so manieth id is an edge case: emoji, right-to-left text, 1 MB of text, empty parts and others",
        "Whatever was written for the usual article: escaping, column types, time-outs, bounds of a cache's entry.",
        _whole(0, 10**9),
    )
    case: str = _dial(
        "",
        " | ".join(CASES) + "; none: lower in classic, natural in natural",
        "whether prose begins sentences and names with capitals; the one dial of classic too",
        "Words that an index without folding of case tells apart; a comparison with pages of the original is lower.",
        _case,
    )

    def values(self) -> dict[str, Any]:
        """Return all of them as JSON values."""
        return {each.name: _plain(getattr(self, each.name)) for each in fields(self)}

    def changed(self) -> dict[str, Any]:
        """Return those that are turned, as JSON values."""
        standard = STANDARD.values()
        return {name: value for name, value in self.values().items() if value != standard[name]}


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        return [str(each) if isinstance(each, date) else asdict(each) if isinstance(each, MetaKey) else each
                for each in value]  # fmt: skip
    return value


STANDARD = Dials()
"""No dial turned."""


def _described(one: Field[Any]) -> _Dial:
    return cast(_Dial, one.metadata["dial"])


CATALOGUE: Mapping[str, _Dial] = MappingProxyType({one.name: _described(one) for one in fields(Dials)})
"""Every dial by its name, in order."""


def read(said: Mapping[str, object]) -> Dials:
    """Return the dials that somebody turned.

    Args:
        said: Values by name: numbers and lists as of a TOML file, or the words of a person.

    Raises:
        DialError: There is no such dial, or it does not take the value.
    """
    values = {}
    for name, value in said.items():
        if name not in CATALOGUE:
            near = get_close_matches(name, CATALOGUE, n=1)
            raise DialError(
                f"unknown dial {name!r}: " + (f"did you mean {near[0]!r}?" if near else f"there are {_names()}")
            )
        try:
            values[name] = CATALOGUE[name].read(value)
        except (ValueError, OverflowError):
            shown = value if isinstance(value, str) else repr(value)
            raise DialError(f"dial {name} is {shown[:60]}: it takes {CATALOGUE[name].takes}") from None
    return Dials(**values)


def read_assignments(assignments: Iterable[str], before: Mapping[str, object] = MappingProxyType({})) -> Dials:
    """Return the dials of ``NAME=VALUE`` words, which win over what was said before.

    Raises:
        DialError: As of `read`, or a word has no ``=``.
    """
    said = dict(before)
    for word in assignments:
        name, separator, value = word.partition("=")
        if not separator:
            raise DialError(f"dial {word!r} has no value: write {word}=VALUE")
        said[name.strip()] = value.strip()
    return read(said)


def read_file(path: Path) -> dict[str, object]:
    """Return what a profile file says: a TOML file of dials by name.

    Raises:
        DialError: It cannot be read, or is no TOML; what it says is not looked at.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DialError(f"cannot read the profile file {path} ({error.strerror}): name a TOML file of dials") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise DialError(f"{path} is no TOML file ({error}): write a dial a line, NAME = VALUE") from None


def _names() -> str:
    return ", ".join(CATALOGUE)


# Of the standard normal distribution, at 1/64 to 31/64 and, for the ends, at 1/250; in millionths.
_HALF_OF_THE_BELL = (
    2_652_070, 2_153_875, 1_862_732, 1_675_940, 1_534_121, 1_417_797, 1_318_011, 1_229_859, 1_150_349, 1_077_516,
    1_009_990, 946_782, 887_147, 830_511, 776_422, 724_514, 674_490, 626_099, 579_132, 533_410, 488_776, 445_097,
    402_250, 360_130, 318_639, 277_690, 237_202, 197_099, 157_311, 117_770, 78_412, 39_176,
)  # fmt: skip
_BELL = (*(-z for z in _HALF_OF_THE_BELL), 0, *reversed(_HALF_OF_THE_BELL))


@lru_cache(maxsize=256)
def lengths(dials: Dials) -> Lengths:
    """Return words at evenly spaced quantiles: those said, or of a lognormal distribution with its ends cut off."""
    if dials.lengths:
        return dials.lengths
    # Decimal arithmetic is the same on every machine, which the exponential function of a processor need not be.
    sigma = Decimal(repr(dials.spread))
    return tuple(min(MOST_WORDS, max(1, round(dials.words * (sigma * z / 1_000_000).exp()))) for z in _BELL)


def cells(shares: tuple[float, ...]) -> tuple[int, ...]:
    """Return a table that a byte picks from: how many cells each number fills follows its share.

    Raises:
        ValueError: There are no shares.
    """
    total = sum(shares)
    if not total:
        raise ValueError("no shares")
    filled: list[int] = []
    before = 0.0
    for number, share in enumerate(shares):
        before += share
        filled += [number] * (round(before / total * CELLS) - len(filled))
    return tuple(filled)
