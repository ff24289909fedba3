"""What a corpus is like: asked for against measured, over a sample of its articles.

Only what was made is looked at, never how: the same measures would fit anybody's articles.
"""

from __future__ import annotations

import lzma
import math
import re
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import combinations, islice
from statistics import linear_regression, mean, median, quantiles, stdev

from synth import edge_cases
from synth.corpus import Corpus, Links
from synth.draws import Draws
from synth.formats import text
from synth.generator import article
from synth.model import Article, Meta
from synth.record import encoded

SAMPLE = 3_000
"""Articles that are made, unless another number is asked for."""
MOST_LINKED = 100_000
"""Articles whose links are looked at: their tail needs more than a sample."""
_SHINGLE = 5
_PAIRS = 2_000
_PAIRED = 1_000
"""Articles of which pairs are drawn."""
_SKETCH = 32
"""So many of the smallest hashes of an article's shingles stand for it when near-duplicates are looked for."""
_NEAR = 0.6
"""Jaccard index of the shingles of two articles from which on one is a near-duplicate of the other."""
_HEAPS_FROM = 10_000
_ZIPF_RANKS = 1, 1_000
_TAIL_FROM = 10
_WORD = re.compile(r"[^\W_]+")
"""A word as search indexes take it: letters and digits, whatever stands between."""

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Measure:
    """One thing that was measured.

    Attributes:
        name: What.
        value: How much of it.
        asked: What was asked for; None where nobody asks.
        low: What it must be at least to be what was asked for.
        high: What it may be at most.
        about: What the number says, in words.
    """

    name: str
    value: float
    asked: float | None
    low: float
    high: float
    about: str

    @property
    def has_bounds(self) -> bool:
        """Whether anything was asked for."""
        return self.low > -math.inf or self.high < math.inf

    def to_dict(self) -> dict[str, object]:
        """Return it as JSON values."""
        return {
            "name": self.name,
            "value": self.value,
            "asked": self.asked,
            "bounds": [self.low, self.high] if self.has_bounds else None,
            "met": self.is_met if self.has_bounds else None,
            "about": self.about,
        }

    @property
    def is_met(self) -> bool:
        """Whether it is what was asked for."""
        return self.low <= self.value <= self.high


def measure(corpus: Corpus, *, sample: int = SAMPLE, progress: Progress = lambda done: None) -> list[Measure]:
    """Measure a corpus.

    Args:
        corpus: Of which the first articles are looked at.
        sample: How many.
        progress: Told how many articles have been read.

    Returns:
        Measures, in an order in which to read them. What the profile ``classic`` is not asked for has no bounds.
    """
    seen = _Seen()
    for number, one in enumerate(islice(corpus, sample), 1):
        seen.add(one)
        progress(number)
    return list(_measures(corpus, seen))


@dataclass
class _Seen:
    """What is kept of the articles that were read."""

    words: list[int] = field(default_factory=list)
    paragraphs: list[int] = field(default_factory=list)
    images: list[int] = field(default_factory=list)
    tags: list[int] = field(default_factory=list)
    sections: int = 0
    with_code: int = 0
    ratios: list[float] = field(default_factory=list)
    size: int = 0
    packed: int = 0
    zlib: zlib._Compress = field(default_factory=lambda: zlib.compressobj(6))
    xz: lzma.LZMACompressor = field(default_factory=lambda: lzma.LZMACompressor(preset=1))
    xz_packed: int = 0
    bodies: set[bytes] = field(default_factory=set)
    titles: set[str] = field(default_factory=set)
    slugs: set[str] = field(default_factory=set)
    tokens: int = 0
    frequencies: Counter[str] = field(default_factory=Counter)
    growth: list[tuple[int, int]] = field(default_factory=list)
    shingles: list[frozenset[int]] = field(default_factory=list)
    sketches: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    views: list[int] = field(default_factory=list)
    days: list[int] = field(default_factory=list)
    disorder: int = 0
    meta_keys: list[int] = field(default_factory=list)
    meta_values: list[int] = field(default_factory=list)
    meta_bytes: list[int] = field(default_factory=list)

    def add(self, one: Article) -> None:
        """Read an article."""
        prose = [one.intro, *(p for s in one.sections for p in s.paragraphs), one.final_notes]
        body = "\n".join([*prose[:-1], *(s.heading for s in one.sections), *one.checklist, prose[-1]])
        page = text.render(one).encode()
        self.words.append(len(body.split()) + len(one.title.split()))
        self.paragraphs += [len(p.split()) for s in one.sections for p in s.paragraphs]
        self.images.append(len(one.images))
        self.tags.append(len(one.tags))
        self.sections += len(one.sections)
        self.with_code += sum(s.code is not None for s in one.sections)
        self.ratios.append(len(page) / len(zlib.compress(page, 6)))
        self.size += len(page)
        self.packed += len(self.zlib.compress(page))
        self.xz_packed += len(self.xz.compress(page))
        self.bodies.add(blake2b(body.encode(), digest_size=16).digest())
        self.titles.add(one.title)
        self.slugs.add(one.slug)
        self._add_words(_WORD.findall(body.lower()))
        views = one.meta.get("view count")
        self.views.append(views if isinstance(views, int) else 0)
        self.days.append(one.published.toordinal())
        self.disorder += not one.published <= one.modified or one.modified.date() > one.last_reviewed
        self.meta_keys.append(len(one.meta))
        self.meta_values.append(_scalars(one.meta))
        self.meta_bytes.append(len(encoded(one.meta)))

    def _add_words(self, words: Sequence[str]) -> None:
        self.tokens += len(words)
        self.frequencies.update(words)
        self.growth.append((self.tokens, len(self.frequencies)))
        shingles = frozenset(
            zlib.crc32(" ".join(words[at : at + _SHINGLE]).encode()) for at in range(len(words) - _SHINGLE + 1)
        )
        number = len(self.shingles)
        self.shingles.append(shingles)
        for value in sorted(shingles)[:_SKETCH]:
            self.sketches[value].append(number)


def _measures(corpus: Corpus, seen: _Seen) -> Iterator[Measure]:
    count = len(seen.words)
    dials = corpus.dials
    is_natural = corpus.profile == "natural"
    usual = is_natural and not dials.lengths
    every = _Ask(is_natural, is_natural and not dials.changed())

    middle = dials.lengths[len(dials.lengths) // 2] if dials.lengths else dials.words
    yield every("words", median(seen.words), "median of an article", middle, relative=0.1)
    logs = [math.log(each) for each in seen.words]
    yield every(
        "spread", stdev(logs) if count > 1 else 0.0, "of lengths: deviation of their logarithms",
        dials.spread if usual else None, absolute=0.12,
    )  # fmt: skip
    yield every("paragraph", _mean(seen.paragraphs), "words", dials.paragraph or None, relative=0.4)
    yield every("images", _mean(seen.images), "of an article", _expected(dials.images), absolute=0.25)
    yield every("tags", _mean(seen.tags), "of an article", _expected(dials.tags), absolute=0.4)
    yield every(
        "code", seen.with_code / max(seen.sections, 1), "share of sections", dials.code if is_natural else None,
        absolute=0.05,
    )  # fmt: skip

    tenths = quantiles(seen.ratios, n=10) if count > 1 else seen.ratios * 9
    yield every("zlib a page, p10", tenths[0], "times smaller, level 6", between=(2.0, 3.0))
    yield every("zlib a page, p50", tenths[4], "times smaller", between=(2.0, 3.0))
    yield every("zlib a page, p90", tenths[8], "times smaller", between=(2.0, 3.0))
    packed, xz = seen.packed + len(seen.zlib.flush()), seen.xz_packed + len(seen.xz.flush())
    yield every("zlib of all", seen.size / packed, "times smaller, as one stream", between=(1.0, 6.0))
    yield every("xz of all", seen.size / xz, "times smaller, as one stream")

    copies = dials.near_duplicates
    yield every("bodies", len(seen.bodies), f"different ones of {count:,}", float(count) if not copies else None)
    yield every(
        "titles", len(seen.titles), f"different ones of {count:,}",
        float(count) if not copies and not dials.edge_every else None,
    )  # fmt: skip
    yield every("slugs", len(seen.slugs), f"different ones of {count:,}", float(count))
    yield every("alike", _alike(seen.shingles), "mean Jaccard index of 5-word shingles", between=(0.0, 0.02))
    yield every(
        "near_duplicates", _near(seen) / count, f"share with a neighbour of index {_NEAR} or more", copies,
        absolute=0.03 + copies / 3,
    )  # fmt: skip

    yield every("Heaps' exponent", _heaps(seen.growth), "growth of the vocabulary", between=(0.4, 0.6))
    yield every("Zipf's slope", _zipf(seen.frequencies), "frequency of words by rank", between=(-1.2, -0.8))
    yield every(
        "popularity", _falling(seen.views), "exponent of views by rank", dials.popularity,
        absolute=max(0.1, 3 * dials.popularity / math.sqrt(count / 2)),
    )  # fmt: skip
    linked = _linked(corpus)
    yield every(
        "links", sum(linked.values()) / min(corpus.count, MOST_LINKED), "of an article", dials.links, relative=0.2
    )
    yield every("in-links, tail", _tail(linked.values()), "exponent", between=(2.0, 2.4))

    yield every("days", max(seen.days) - min(seen.days), "from the first to the last published")
    yield every("disorder", seen.disorder, "articles modified before published, or reviewed before modified", 0.0)
    own = article(corpus.first_id, profile=corpus.profile).meta
    keys = len(own) + sum(key.share for key in dials.meta_keys if key.name not in own)
    yield every(
        "meta keys", mean(seen.meta_keys), "of an article", keys if dials.meta_scale == 1 else None, absolute=1.0
    )
    yield every("meta values", median(seen.meta_values), "of an article, median")
    yield every("meta bytes", median(seen.meta_bytes), "of an article as JSON, median")
    if dials.edge_every:
        edges = sum(edge_cases.kind(each, dials.edge_every) is not None for each in corpus.ids[:count])
        yield every("edge cases", edges, f"of {count:,}", count / dials.edge_every, absolute=1.0)


@dataclass(frozen=True, slots=True)
class _Ask:
    """Makes measures.

    Attributes:
        is_asked: Of a profile without dials nothing is.
        is_usual: What the profile promises by itself holds where no dial is turned.
    """

    is_asked: bool
    is_usual: bool

    def __call__(
        self,
        name: str,
        value: float,
        about: str,
        asked: float | None = None,
        *,
        relative: float = 0.0,
        absolute: float = 0.0,
        between: tuple[float, float] | None = None,
    ) -> Measure:
        low, high = -math.inf, math.inf
        if self.is_usual and between is not None:
            low, high = between
        elif self.is_asked and asked is not None:
            room = absolute + relative * abs(asked)
            low, high = asked - room, asked + room
        return Measure(name, value, asked if self.is_asked else None, low, high, about)


def _mean(values: Sequence[float]) -> float:
    return mean(values) if values else 0.0


def _expected(shares: tuple[float, ...]) -> float | None:
    return sum(number * share for number, share in enumerate(shares)) / sum(shares) if shares else None


def _scalars(meta: object) -> int:
    if isinstance(meta, str | int):
        return 1
    inner: Iterable[Meta] = meta.values() if hasattr(meta, "values") else meta  # type: ignore[assignment]
    return sum(map(_scalars, inner))


def _jaccard(one: frozenset[int], other: frozenset[int]) -> float:
    union = len(one | other)
    return len(one & other) / union if union else 0.0


def _alike(shingles: Sequence[frozenset[int]]) -> float:
    """Over pairs drawn at random."""
    few = shingles[:_PAIRED]
    if len(few) < 2:
        return 0.0
    draws = Draws("report")
    pairs = ((draws.below(f"one {n}", len(few)), draws.below(f"other {n}", len(few) - 1)) for n in range(_PAIRS))
    return mean(_jaccard(few[one], few[other + (other >= one)]) for one, other in pairs)


def _near(seen: _Seen) -> int:
    """How many articles are near-duplicates of an earlier one; only those are compared that share half a sketch."""
    shared: Counter[tuple[int, int]] = Counter()
    for numbers in seen.sketches.values():
        if 1 < len(numbers) <= _SKETCH:
            shared.update(combinations(numbers, 2))
    return len(
        {
            later
            for (earlier, later), common in shared.items()
            if common >= _SKETCH // 4 and _jaccard(seen.shingles[earlier], seen.shingles[later]) >= _NEAR
        }
    )


def _slope(points: Sequence[tuple[float, float]]) -> float:
    if len(points) < 2:
        return 0.0
    return linear_regression([math.log(x) for x, _ in points], [math.log(y) for _, y in points]).slope


def _heaps(growth: Sequence[tuple[int, int]]) -> float:
    """The vocabulary grows as a power of the words read (Heaps' law)."""
    points: list[tuple[float, float]] = []
    for words, known in growth:
        # At even distances of the logarithm: articles late in the sample, which are most, must not outweigh all.
        if words >= (points[-1][0] * 1.1 if points else _HEAPS_FROM):
            points.append((words, known))
    return _slope(points)


def _zipf(frequencies: Counter[str]) -> float:
    """The frequency of a word falls as a power of its rank (Zipf's law).

    The ranks stand at even distances of their logarithms, so that the rare ones, which are most, do not outweigh all.
    """
    first, last = _ZIPF_RANKS
    ordered = [count for _, count in frequencies.most_common(last)]
    ranks = sorted({round(first * (last / first) ** (step / 60)) for step in range(61)})
    return _slope([(rank, ordered[rank - 1]) for rank in ranks if rank <= len(ordered)])


def _falling(views: Sequence[int]) -> float:
    """The exponent of views by rank, over the upper half (Hill 1975): the mean logarithm of what each has above it."""
    ordered = sorted(views, reverse=True)
    half = len(ordered) // 2
    return mean(math.log(each / ordered[half]) for each in ordered[:half]) if half else 0.0


def _linked(corpus: Corpus) -> Counter[int]:
    links = Links(corpus.first_id, corpus.seed, corpus.dials.links)
    linked: Counter[int] = Counter()
    for each in corpus.ids[:MOST_LINKED]:
        linked.update(links.similar(each))
    return linked


def _tail(degrees: Iterable[int]) -> float:
    """The exponent of the tail by maximum likelihood (Clauset, Shalizi & Newman 2009, equation 3.7)."""
    tail = [degree for degree in degrees if degree >= _TAIL_FROM]
    return 1 + len(tail) / sum(math.log(degree / (_TAIL_FROM - 0.5)) for degree in tail) if tail else 0.0
