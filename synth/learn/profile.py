"""From what was counted in many articles to dials, and to the file that says them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from statistics import mean, median
from typing import Any, TypeVar
from unicodedata import category

from synth.dials import (
    FIRST_YEAR,
    LEAST_WORDS,
    LONGEST_KEY,
    MOST_KEYS,
    MOST_PARTS,
    MOST_WORDS,
    Dials,
    largest,
    read,
)
from synth.errors import LearnError
from synth.learn.documents import Document

_FEWEST = 2
_QUANTILES = 33
_RARE = 0.01
"""A meta key that fewer articles have is left out."""

_Value = TypeVar("_Value", int, date)


@dataclass(frozen=True, slots=True)
class Learned:
    """What was learned.

    Attributes:
        articles: From how many.
        dials: That make articles like them.
        said: The dials as a file says them.
        left_out: How many keys of the meta box are not among them, although not rare.
    """

    articles: int
    dials: Dials
    said: dict[str, Any]
    left_out: int = 0

    def toml(self, source: str) -> str:
        """Return the profile file, which ``--profile-file`` takes."""
        import tomlkit

        document = tomlkit.document()
        named = "".join(each if each.isprintable() else "�" for each in source)
        document.add(tomlkit.comment(f"Learned by anp synth learn from {self.articles:,} articles of {named}."))
        for name, value in self.said.items():
            document.add(name, tomlkit.item(value))
        return tomlkit.dumps(document)


def learned(documents: Iterable[Document]) -> Learned:
    """Return dials by which articles are made that are like others.

    Raises:
        LearnError: There are fewer than two articles, or none has a word.
    """
    seen = [each for each in documents if each.words]
    if len(seen) < _FEWEST:
        raise LearnError(f"{len(seen)} articles with words were found: at least {_FEWEST} are needed to learn from")
    said: dict[str, Any] = {
        "lengths": [min(max(each, LEAST_WORDS), MOST_WORDS) for each in _quantiles([one.words for one in seen])],
        "images": _shares([one.images for one in seen]),
        "tags": _shares([one.tags for one in seen]),
        "links": min(round(mean(one.links for one in seen)), MOST_PARTS),
    }
    paragraphs = [words for one in seen for words in one.paragraphs]
    if paragraphs:
        said["paragraph"] = min(max(round(mean(paragraphs)), 5), 1000)
    sections = sum(max(one.sections, 1) for one in seen)
    said["code"] = round(min(sum(one.code for one in seen) / sections, 1.0), 3)
    days = [one.published for one in seen if one.published is not None and one.published.year >= FIRST_YEAR]
    if len(days) >= _FEWEST:
        said["published"] = _quantiles(days)
    common = _common_keys(seen)
    taken = [each for each in common if _is_taken(each["name"])][:MOST_KEYS]
    if taken:
        said["meta_keys"] = taken
    return Learned(len(seen), read(said), said, len(common) - len(taken))


def _quantiles(values: Sequence[_Value]) -> list[_Value]:
    """Values at evenly spaced places, from the least to the greatest."""
    ordered = sorted(values)
    count = min(len(ordered), _QUANTILES)
    return [ordered[place * (len(ordered) - 1) // (count - 1)] for place in range(count)]


def _shares(counts: Sequence[int]) -> list[float]:
    """The share of each number from none on; what is beyond the most that a dial takes counts as that."""
    table = Counter(min(count, MOST_PARTS) for count in counts)
    return [round(table[number] / len(counts), 4) for number in range(max(table) + 1)]


def _common_keys(seen: Sequence[Document]) -> list[dict[str, Any]]:
    """Keys by how many articles have them, each with the kind that it mostly is, and the median of its sizes."""
    kinds: dict[str, Counter[str]] = defaultdict(Counter)
    sizes: dict[str, list[int]] = defaultdict(list)
    for one in seen:
        for key, (kind, size) in one.meta.items():
            kinds[key][kind] += 1
            sizes[key].append(size)
    kind_of = {key: kinds[key].most_common(1)[0][0] for key in sizes}
    return [
        {
            "name": key,
            "share": round(len(sizes[key]) / len(seen), 3),
            "kind": kind_of[key],
            "size": min(max(round(median(sizes[key])), 1), largest(kind_of[key])),
        }
        for key in sorted(sizes, key=lambda key: (-len(sizes[key]), key))
        if len(sizes[key]) >= _RARE * len(seen)
    ]


def _is_taken(key: str) -> bool:
    """Whether a dial takes a key of this name, and a file can say it."""
    return 0 < len(key) <= LONGEST_KEY and not any(category(each) in {"Cc", "Cs"} for each in key)
