"""More in the meta box than the profile puts there: more keys, deeper nesting, or longer text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain, count, islice
from types import MappingProxyType

from synth.dials import MetaKey
from synth.draws import Draws
from synth.model import Meta
from synth.natural_lexicon import FIRST_WORDS, SECOND_WORDS

KEYS = 20
"""A box has about so many keys by itself."""
VALUES = 60
"""And about so many values in them."""
_LEVELS = 20
_A_LEVEL = 3
"""Values beside the next level."""
_CHARACTERS = 1800
"""About as many as stand in a box by itself."""


def further(draws: Draws, scale: int, shape: str) -> dict[str, Meta]:
    """Return the keys that make a box ``scale`` times as large.

    Args:
        draws: Of the article.
        scale: 2 or more.
        shape: One of `dials.SHAPES`.
    """
    words = _words(draws)
    return {f"field {number:04}": value for number, value in enumerate(_SHAPES[shape](words, scale - 1), 1)}


def learned(draws: Draws, keys: Iterable[MetaKey]) -> dict[str, Meta]:
    """Return those of some keys that an article has, each with a value of its own."""
    return {key.name: _value(draws, key) for key in keys if draws.below(f"has {key.name}", 1 << 32) < key.share * 2**32}


def _value(draws: Draws, key: MetaKey) -> Meta:
    words = _words(draws, key.name)
    if key.kind == "number":
        least = 10 ** (key.size - 1)
        return draws.between(f"value of {key.name}", least, 10 * least - 1)
    if key.kind == "text":
        return " ".join(islice(chain.from_iterable(each.split() for each in words), key.size))
    if key.kind == "list":
        return tuple(islice(words, key.size))
    if key.kind == "map":
        return {f"part {part}": word for part, word in enumerate(islice(words, key.size), 1)}
    return tuple({"name": next(words), "value": next(words)} for _ in range(key.size))


def _words(draws: Draws, name: str = "meta") -> Iterator[str]:
    """Words without end."""
    for block in count():
        # Most values are short.
        drawn = iter(draws.stream(f"{name} {block}", 64 << min(block, 6)))
        for first, second in zip(drawn, drawn, strict=True):
            yield f"{FIRST_WORDS[first >> 1]} {SECOND_WORDS[second >> 1]}"


def _wide(words: Iterator[str], times: int) -> Iterator[Meta]:
    """As many keys, each with a text, a list of five, or a map of three."""
    for number in range(times * KEYS):
        if number % 3 == 0:
            yield next(words)
        elif number % 3 == 1:
            yield tuple(islice(words, 5))
        else:
            yield {f"part {part}": word for part, word in enumerate(islice(words, 3), 1)}


def _deep(words: Iterator[str], times: int) -> Iterator[Meta]:
    """As many values, in maps of twenty levels."""
    for _ in range(times):
        value: Meta = tuple(islice(words, _A_LEVEL))
        for level in range(_LEVELS - 1, 0, -1):
            value = {"level": level, "name": next(words), "below": value, "beside": next(words)}
        yield value


def _fat(words: Iterator[str], times: int) -> Iterator[Meta]:
    """As many characters, in five texts."""
    size = times * _CHARACTERS // 5
    for _ in range(5):
        text: list[str] = []
        length = 0
        while length < size:
            text.append(next(words))
            length += len(text[-1]) + 1
        yield " ".join(text)


_SHAPES: Mapping[str, Callable[[Iterator[str], int], Iterator[Meta]]] = MappingProxyType(
    {"wide": _wide, "deep": _deep, "fat": _fat}
)
