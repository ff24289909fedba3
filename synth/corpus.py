"""A corpus: a range of article ids under one profile and seed, and what follows from it without any list being kept."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from synth import popularity
from synth.dials import STANDARD, Dials, read
from synth.draws import Draws
from synth.errors import CorpusError
from synth.generator import article, check, line
from synth.model import MAX_ID, Article
from synth.profile import PROFILE_VERSIONS, PROFILES, unknown

_LINKS_VERSION = 2
"""Goes up whenever any article links elsewhere than before."""
_COPIED = 7
"""Of ten links this many repeat a link of the chosen neighbour, which makes a few articles linked to by many."""
_LINK = struct.Struct("<QBB")
"""What a slot is drawn as: where it leads to, whether to go on from there, and by which of the slots there."""
_KEPT = 1 << 17
"""So many links are kept, of the earliest articles first, which are the ones that are repeated most."""


class Links:
    """Which earlier articles each article links to; for whoever asks for many, as it keeps what it has found out."""

    def __init__(self, first_id: int, seed: int, most: int = STANDARD.links) -> None:
        """Begin with nothing found out.

        Args:
            first_id: The first article, which links to none.
            seed: Of the corpus.
            most: Links of an article.
        """
        self._first_id = first_id
        self._seed = seed
        self._most = most
        self._known: dict[int, int] = {}

    def similar(self, id: int) -> tuple[int, ...]:
        """See `Corpus.similar`; the id is not checked."""
        place = id - self._first_id
        return tuple(dict.fromkeys(self._first_id + self._link(place, slot) for slot in range(min(self._most, place))))

    def _link(self, source: int, slot: int) -> int:
        """The place, counted from the first article, that a slot of the article at ``source`` leads to."""
        key = source * self._most + slot
        target = self._known.get(key)
        if target is None:
            draws = Draws("links", _LINKS_VERSION, self._seed, self._first_id + source)
            drawn, copied, other_slot = _LINK.unpack(draws.stream(f"slot {slot}", _LINK.size))
            target = drawn * source >> 64
            if target and copied * 10 >> 8 < _COPIED:
                target = self._link(target, other_slot * self._most >> 8)
            if len(self._known) < _KEPT:
                self._known[key] = target
        return target


_PLAIN = ("first_id", "count", "profile", "seed")


@dataclass(frozen=True, slots=True)
class Corpus:
    """Articles ``first_id`` to ``first_id + count - 1``.

    Raises:
        CorpusError: A number is out of range or not an integer, or the profile is unknown.
    """

    first_id: int = 11730
    count: int = 2000
    profile: str = "natural"
    seed: int = 0
    dials: Dials = STANDARD

    def __post_init__(self) -> None:
        for name, least in (("first_id", 0), ("count", 1), ("seed", 0)):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool):
                raise CorpusError(f"corpus {name} is {value!r}: it must be an integer")
            if value < least:
                raise CorpusError(f"corpus {name} is {value}: it must be at least {least}")
        if self.profile not in PROFILES:
            raise CorpusError(unknown(self.profile))
        check(self.profile, self.dials)
        if self.dials == STANDARD:  # articles without any dial turned are made faster, and are told by this very object
            object.__setattr__(self, "dials", STANDARD)
        if self.seed > MAX_ID:
            raise CorpusError(f"corpus seed is {self.seed}: it must be at most {MAX_ID}")
        last = self.first_id + self.count - 1
        if last > MAX_ID:
            raise CorpusError(f"corpus would end at id {last}: ids end at {MAX_ID}, so start lower or ask for fewer")

    def __reduce__(self) -> tuple[type[Corpus], tuple[int, int, str, int, Dials]]:
        """Let a copy in another process be made as this one was."""
        return Corpus, (self.first_id, self.count, self.profile, self.seed, self.dials)

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[Article]:
        return map(self.article, self.ids)

    @property
    def ids(self) -> range:
        """The ids, in order."""
        return range(self.first_id, self.first_id + self.count)

    def article(self, id: int, revision: int = 0) -> Article:
        """Return an article of the corpus.

        Raises:
            CorpusError: The id is outside the corpus.
            ArticleError: The revision is out of range.
        """
        self._check(id)
        return article(id, revision=revision, profile=self.profile, seed=self.seed, dials=self.dials)

    def line(self, id: int) -> bytes:
        """Return the canonical record of an article, sooner than by way of the article.

        Raises:
            CorpusError: The id is outside the corpus.
        """
        self._check(id)
        return line(id, profile=self.profile, seed=self.seed, dials=self.dials)

    def by_popularity(self) -> list[int]:
        """Return all ids, the most viewed first."""
        return sorted(self.ids, key=lambda each: (-popularity.score(each, self.seed), each))

    def similar(self, id: int) -> tuple[int, ...]:
        """Return the ids of the few earlier articles that an article links to, never itself; four by default.

        Each is a random earlier article or, more often, one that such an article links to itself. This
        copying needs no state and leaves a few articles with very many links, as on the web. The first
        articles have fewer to link to.

        Raises:
            CorpusError: The id is outside the corpus.
        """
        self._check(id)
        return Links(self.first_id, self.seed, self.dials.links).similar(id)

    def _check(self, id: int) -> None:
        if id not in self.ids:
            raise CorpusError(f"article {id} is outside the corpus: its ids are {self.first_id} to {self.ids[-1]}")

    @property
    def digest(self) -> str:
        """24 hex digits that name the corpus: equal for two corpora exactly when every article is."""
        versions = {"profile_version": PROFILE_VERSIONS[self.profile], "links_version": _LINKS_VERSION}
        identity = {**self.to_dict(), **versions}
        return blake2b(json.dumps(identity, sort_keys=True).encode(), digest_size=12).hexdigest()

    def to_dict(self) -> dict[str, Any]:
        """Return the parameters as JSON values; ``dials`` only where one is turned."""
        values: dict[str, Any] = {name: getattr(self, name) for name in _PLAIN}
        turned = self.dials.changed()
        return {**values, "dials": turned} if turned else values

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Corpus:
        """Return the corpus that `to_dict` describes.

        Raises:
            CorpusError: A key is missing or unknown, or a value is refused.
            DialError: A dial is unknown, or its value refused.
        """
        names = set(_PLAIN)
        for problem, keys in (
            ("lacks", names - values.keys()),
            ("has the unknown key", values.keys() - names - {"dials"}),
        ):
            if keys:
                listed = ", ".join(sorted(names))
                raise CorpusError(f"corpus description {problem} {', '.join(sorted(keys))}: it takes {listed}")
        return cls(**{**values, "dials": read(values["dials"]) if "dials" in values else STANDARD})
