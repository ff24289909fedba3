"""How much an article is read: an integer score of (seed, id), and the views that go with it.

The score does not depend on the profile, the revision or the size of a corpus. Views are its inverse
distribution function: of n articles the most read has about ``LEAST_VIEWS * n**0.8`` views, the next ones
fall along a Zipf curve of exponent 0.8, or of another one.
"""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache

from synth.draws import Draws

LEAST_VIEWS = 180
"""The views that every article has at least."""

_STEPS = 16
_RAREST = 30


def score(id: int, seed: int) -> int:
    """Return the popularity of an article, 0 to 2**64 - 1; higher is read more."""
    return Draws("popularity", 1, seed, id).u64("score")


def views(popularity: int, exponent: float = 0.8) -> int:
    """Return the view count of an article from its score; never fewer for a higher score."""
    knots = _knots(exponent)
    rarity = (1 << 64) - popularity
    octave = min(64 - (rarity - 1).bit_length(), _RAREST - 1) if rarity > 1 else _RAREST - 1
    # Linear between the knots of one octave: rarity runs from 2**(64-octave) down to half of that.
    top = 1 << (64 - octave)
    position = min((top - rarity) * 2 * _STEPS * 1024 // top, _STEPS * 1024 - 1)
    step, rest = divmod(position, 1024)
    low, high = knots[octave * _STEPS + step], knots[octave * _STEPS + step + 1]
    return low + (high - low) * rest // 1024


@lru_cache(maxsize=64)
def _knots(exponent: float) -> tuple[int, ...]:
    # Decimal arithmetic is the same on every machine, which the powers of a processor need not be.
    power = Decimal(repr(exponent))
    rarities = (
        Decimal((2 * _STEPS) << octave) / (2 * _STEPS - step)
        for octave, step in (divmod(index, _STEPS) for index in range(_RAREST * _STEPS + 1))
    )
    return tuple(int(LEAST_VIEWS * rarity**power) for rarity in rarities)
